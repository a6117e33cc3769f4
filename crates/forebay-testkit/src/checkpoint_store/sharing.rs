use forebay_core::{CheckpointStore, Commit};

use crate::checkpoint_store::calls::{KEY, OTHER_KEY, advanced, at, commits, holds};
use crate::checkpoint_store::fixture::Fixture;
use crate::checkpoint_store::found::{Checked, expect, succeed};

checks! {
    of Fixture:
    what_one_handle_commits_another_one_does_not_undo,
    what_one_handle_removes_no_other_one_brings_back,
    what_one_handle_resets_no_other_one_undoes,
    a_handle_removes_what_it_has_never_seen,
    a_lower_commit_by_another_handle_changes_nothing,
    a_handle_that_is_dropped_takes_nothing_along,
}

/// Returns two handles that have both seen `KEY` at 42, unless a store has one handle only.
async fn two_that_know<S: Fixture>(fixture: &S) -> Result<Option<(S::Store, S::Store)>, String> {
    let first = fixture.fresh().await;
    let Some(second) = fixture.sibling(&first).await else {
        return Ok(None);
    };
    commits(&first, at(42), advanced(None)).await?;
    // A commit and not a load: a handle may load what it has, but has to decide on what is stored.
    commits(&second, at(42), Commit::Unchanged { current: at(42) }).await?;
    Ok(Some((first, second)))
}

/// Whatever a handle writes under another key, it must not write what it remembers of this one.
async fn commits_elsewhere<S: CheckpointStore>(store: &S, sequence: u64) -> Checked {
    let commit = store.commit(&OTHER_KEY, at(sequence)).await;
    let commit = succeed("a commit under another key", commit)?;
    expect("a commit under another key", commit.is_advanced(), true)
}

async fn what_one_handle_commits_another_one_does_not_undo<S: Fixture>(fixture: &S) -> Checked {
    let Some((first, second)) = two_that_know(fixture).await? else {
        return Ok(());
    };
    commits(&second, at(1000), advanced(Some(42))).await?;
    commits_elsewhere(&first, 1).await?;
    commits(&first, at(43), Commit::Unchanged { current: at(1000) }).await?;
    holds(&second, &KEY, Some(at(1000))).await?;
    holds(&first, &KEY, Some(at(1000))).await
}

async fn what_one_handle_removes_no_other_one_brings_back<S: Fixture>(fixture: &S) -> Checked {
    let Some((first, second)) = two_that_know(fixture).await? else {
        return Ok(());
    };
    succeed("remove", second.remove(&KEY).await)?;
    commits_elsewhere(&first, 1).await?;
    commits_elsewhere(&second, 2).await?;
    holds(&first, &KEY, None).await?;
    holds(&second, &KEY, None).await
}

/// Otherwise all events between the two positions would be skipped for good.
async fn what_one_handle_resets_no_other_one_undoes<S: Fixture>(fixture: &S) -> Checked {
    let Some((first, second)) = two_that_know(fixture).await? else {
        return Ok(());
    };
    succeed("remove", second.remove(&KEY).await)?;
    commits(&second, at(3), advanced(None)).await?;
    commits_elsewhere(&first, 1).await?;
    commits_elsewhere(&second, 2).await?;
    holds(&first, &KEY, Some(at(3))).await?;
    succeed("reset", second.reset(&KEY, at(2)).await)?;
    commits_elsewhere(&first, 3).await?;
    commits_elsewhere(&second, 4).await?;
    holds(&first, &KEY, Some(at(2))).await?;
    holds(&second, &KEY, Some(at(2))).await
}

async fn a_handle_removes_what_it_has_never_seen<S: Fixture>(fixture: &S) -> Checked {
    let first = fixture.fresh().await;
    let Some(second) = fixture.sibling(&first).await else {
        return Ok(());
    };
    commits(&first, at(42), advanced(None)).await?;
    let removed = succeed("remove", second.remove(&KEY).await)?;
    expect("remove", removed, Some(at(42)))?;
    commits(&first, at(3), advanced(None)).await
}

async fn a_lower_commit_by_another_handle_changes_nothing<S: Fixture>(fixture: &S) -> Checked {
    let Some((first, second)) = two_that_know(fixture).await? else {
        return Ok(());
    };
    commits(&first, at(1000), advanced(Some(42))).await?;
    commits(&second, at(43), Commit::Unchanged { current: at(1000) }).await?;
    holds(&second, &KEY, Some(at(1000))).await
}

async fn a_handle_that_is_dropped_takes_nothing_along<S: Fixture>(fixture: &S) -> Checked {
    let Some((first, second)) = two_that_know(fixture).await? else {
        return Ok(());
    };
    commits(&first, at(43), advanced(Some(42))).await?;
    drop(first);
    commits(&second, at(44), advanced(Some(43))).await?;
    holds(&second, &KEY, Some(at(44))).await
}

use forebay_core::{CheckpointStore, Commit};

use crate::checkpoint_store::calls::{KEY, advanced, at, commits, holds, in_log};
use crate::checkpoint_store::fixture::Fixture;
use crate::checkpoint_store::found::{Checked, succeed};

checks! {
    of Fixture:
    a_reset_goes_back,
    a_reset_comes_back_from_the_last_sequence,
    a_reset_goes_over_to_another_log,
    a_reset_of_a_new_key_stores_it,
    a_reset_to_what_is_stored_changes_its_event_id,
    commits_go_on_from_a_reset,
}

async fn a_reset_goes_back<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    for sequence in [3, 0] {
        succeed("reset", store.reset(&KEY, at(sequence)).await)?;
        holds(&store, &KEY, Some(at(sequence))).await?;
    }
    Ok(())
}

/// After which no commit could advance.
async fn a_reset_comes_back_from_the_last_sequence<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(u64::MAX), advanced(None)).await?;
    succeed("reset", store.reset(&KEY, at(0)).await)?;
    commits(&store, at(1), advanced(Some(0))).await?;
    succeed("reset", store.reset(&KEY, at(u64::MAX)).await)?;
    let current = at(u64::MAX);
    commits(&store, at(2), Commit::Unchanged { current }).await
}

async fn a_reset_goes_over_to_another_log<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, in_log(1, 42), advanced(None)).await?;
    succeed("reset", store.reset(&KEY, in_log(2, 3)).await)?;
    holds(&store, &KEY, Some(in_log(2, 3))).await?;
    commits(&store, in_log(2, 4), advanced(Some(3))).await
}

async fn a_reset_of_a_new_key_stores_it<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    succeed("reset", store.reset(&KEY, at(0)).await)?;
    holds(&store, &KEY, Some(at(0))).await
}

async fn a_reset_to_what_is_stored_changes_its_event_id<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42).with_event_id("before"), advanced(None)).await?;
    let after = at(42).with_event_id("after");
    succeed("reset", store.reset(&KEY, after.clone()).await)?;
    holds(&store, &KEY, Some(after)).await?;
    succeed("reset", store.reset(&KEY, at(42)).await)?;
    holds(&store, &KEY, Some(at(42))).await
}

async fn commits_go_on_from_a_reset<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    succeed("reset", store.reset(&KEY, at(3)).await)?;
    commits(&store, at(2), Commit::Unchanged { current: at(3) }).await?;
    commits(&store, at(4), advanced(Some(3))).await?;
    holds(&store, &KEY, Some(at(4))).await
}

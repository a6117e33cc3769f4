use forebay_core::CheckpointStore;

use crate::checkpoint_store::calls::{KEY, advanced, at, commits, holds, in_log};
use crate::checkpoint_store::fixture::Fixture;
use crate::checkpoint_store::found::{Checked, expect, succeed};

checks! {
    of Fixture:
    a_removed_key_is_gone,
    removing_returns_what_was_stored,
    removing_a_new_key_is_no_failure,
    a_commit_after_removal_may_be_lower,
    a_commit_after_removal_may_be_in_another_log,
}

async fn a_removed_key_is_gone<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    succeed("remove", store.remove(&KEY).await)?;
    holds(&store, &KEY, None).await
}

async fn removing_returns_what_was_stored<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let stored = at(42).with_event_id("stored");
    commits(&store, stored.clone(), advanced(None)).await?;
    let removed = succeed("remove", store.remove(&KEY).await)?;
    expect("remove", removed, Some(stored))?;
    let removed = succeed("remove", store.remove(&KEY).await)?;
    expect("a second remove", removed, None)
}

async fn removing_a_new_key_is_no_failure<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let removed = succeed("remove", store.remove(&KEY).await)?;
    expect("remove", removed, None)?;
    commits(&store, at(0), advanced(None)).await
}

async fn a_commit_after_removal_may_be_lower<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    for sequence in [42, 3, 3] {
        commits(&store, at(sequence), advanced(None)).await?;
        holds(&store, &KEY, Some(at(sequence))).await?;
        succeed("remove", store.remove(&KEY).await)?;
    }
    Ok(())
}

async fn a_commit_after_removal_may_be_in_another_log<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, in_log(1, 42), advanced(None)).await?;
    succeed("remove", store.remove(&KEY).await)?;
    commits(&store, in_log(2, 3), advanced(None)).await?;
    holds(&store, &KEY, Some(in_log(2, 3))).await
}

use forebay_core::{CheckpointStore, Commit, Survives};

use crate::checkpoint_store::calls::{KEY, OTHER_KEY, advanced, at, commits, holds, in_log};
use crate::checkpoint_store::fixture::Fixture;
use crate::checkpoint_store::found::{Checked, succeed};

checks! {
    of Fixture:
    what_was_acknowledged_survives,
    many_survive_together,
    what_was_removed_stays_removed,
    what_was_reset_stays_reset,
}

pub(super) fn survives<S: CheckpointStore>(store: &S) -> bool {
    store.guarantee().survives() >= Survives::Crash
}

async fn what_was_acknowledged_survives<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    if !survives(&store) {
        return Ok(());
    }
    let stored = at(42).with_event_id("kept");
    commits(&store, stored.clone(), advanced(None)).await?;
    succeed("commit", store.commit(&OTHER_KEY, in_log(2, 0)).await)?;
    let store = fixture.reopen(store).await;
    holds(&store, &KEY, Some(stored.clone())).await?;
    holds(&store, &OTHER_KEY, Some(in_log(2, 0))).await?;
    commits(&store, at(41), Commit::Unchanged { current: stored }).await?;
    commits(&store, at(43), advanced(Some(42))).await?;
    let store = fixture.reopen(store).await;
    holds(&store, &KEY, Some(at(43))).await
}

async fn many_survive_together<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    if !survives(&store) {
        return Ok(());
    }
    let commits = vec![(KEY, at(0)), (OTHER_KEY, at(u64::MAX)), (KEY, at(1))];
    succeed("commit_many", store.commit_many(commits).await)?;
    let store = fixture.reopen(store).await;
    holds(&store, &KEY, Some(at(1))).await?;
    holds(&store, &OTHER_KEY, Some(at(u64::MAX))).await
}

async fn what_was_removed_stays_removed<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    if !survives(&store) {
        return Ok(());
    }
    commits(&store, at(42), advanced(None)).await?;
    succeed("remove", store.remove(&KEY).await)?;
    let store = fixture.reopen(store).await;
    holds(&store, &KEY, None).await?;
    commits(&store, in_log(2, 3), advanced(None)).await?;
    let store = fixture.reopen(store).await;
    holds(&store, &KEY, Some(in_log(2, 3))).await
}

async fn what_was_reset_stays_reset<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    if !survives(&store) {
        return Ok(());
    }
    commits(&store, in_log(1, 42), advanced(None)).await?;
    succeed("reset", store.reset(&KEY, in_log(2, 3)).await)?;
    let store = fixture.reopen(store).await;
    holds(&store, &KEY, Some(in_log(2, 3))).await
}

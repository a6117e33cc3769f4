use std::pin::pin;
use std::task::{Context, Waker};

use forebay_core::CheckpointStore;

use crate::checkpoint_store::calls::{KEY, OTHER_KEY, advanced, at, commits, holds};
use crate::checkpoint_store::fixture::Fixture;
use crate::checkpoint_store::found::{Checked, expect, succeed};

checks! {
    of Fixture:
    a_future_that_was_never_polled_has_done_nothing,
    what_was_dropped_after_a_poll_happened_whole_or_not_at_all,
    what_was_dropped_is_not_made_up_for_later,
}

async fn a_future_that_was_never_polled_has_done_nothing<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    drop(store.commit(&KEY, at(43)));
    drop(store.commit_many(vec![(KEY, at(44)), (OTHER_KEY, at(1))]));
    drop(store.reset(&KEY, at(3)));
    drop(store.remove(&KEY));
    // Whatever was queued all the same comes before this one.
    let commit = store.commit(&OTHER_KEY, at(2)).await;
    succeed("commit", commit)?;
    commits(&store, at(45), advanced(Some(42))).await
}

/// Whichever it was, and whenever, all that is answered later agrees with it.
async fn what_was_dropped_after_a_poll_happened_whole_or_not_at_all<S: Fixture>(
    fixture: &S,
) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    poll_once(store.commit_many(vec![(KEY, at(43)), (OTHER_KEY, at(1))]));
    let commit = succeed("commit", store.commit(&KEY, at(44)).await)?;
    let has_happened = commit == advanced(Some(43));
    if !has_happened {
        expect("commit", commit, advanced(Some(42)))?;
    }
    if has_happened && store.guarantee().is_atomic() {
        holds(&store, &OTHER_KEY, Some(at(1))).await?;
    }
    // Even if it happens only now, it is too late to be seen.
    holds(&store, &KEY, Some(at(44))).await
}

/// A removal or a reset that comes after the next commit would take that back.
async fn what_was_dropped_is_not_made_up_for_later<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    poll_once(store.remove(&KEY));
    let commit = succeed("commit", store.commit(&KEY, at(43)).await)?;
    if commit != advanced(None) {
        expect("commit", commit, advanced(Some(42)))?;
    }
    succeed("commit", store.commit(&OTHER_KEY, at(1)).await)?;
    holds(&store, &KEY, Some(at(43))).await?;
    poll_once(store.reset(&KEY, at(3)));
    let commit = succeed("commit", store.commit(&KEY, at(44)).await)?;
    if commit != advanced(Some(3)) {
        expect("commit", commit, advanced(Some(43)))?;
    }
    succeed("commit", store.commit(&OTHER_KEY, at(2)).await)?;
    holds(&store, &KEY, Some(at(44))).await
}

fn poll_once(future: impl Future) {
    let _ = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
}

use forebay_core::{CheckpointStore, Commit, StoreError};

use crate::checkpoint_store::committing::{KEY, OTHER_KEY, advanced, at, holds, in_log};
use crate::checkpoint_store::found::{Checked, expect, succeed};
use crate::checkpoint_store::subject::Subject;

pub(super) async fn no_commits_are_no_failure<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let answers = succeed("commit_many", store.commit_many(Vec::new()).await)?;
    expect("commit_many of nothing", answers, Vec::new())
}

pub(super) async fn many_are_answered_in_their_order<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let current = at(42).with_event_id("kept");
    succeed("commit", store.commit(&OTHER_KEY, current.clone()).await)?;
    let commits = vec![(OTHER_KEY, at(41)), (KEY, at(7))];
    let answers = succeed("commit_many", store.commit_many(commits).await)?;
    let unchanged = Commit::Unchanged {
        current: current.clone(),
    };
    expect("commit_many", answers, vec![unchanged, advanced(None)])?;
    holds(&store, &KEY, Some(at(7))).await?;
    holds(&store, &OTHER_KEY, Some(current)).await
}

pub(super) async fn many_of_one_key_see_each_other<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let sequences = [5, 7, 6, 7];
    let commits = sequences.map(|sequence| (KEY, at(sequence))).to_vec();
    let answers = succeed("commit_many", store.commit_many(commits).await)?;
    let unchanged = || Commit::Unchanged { current: at(7) };
    let expected = vec![advanced(None), advanced(Some(5)), unchanged(), unchanged()];
    expect("commit_many", answers, expected)?;
    holds(&store, &KEY, Some(at(7))).await
}

/// Wherever among them the refused one stands.
pub(super) async fn one_that_is_refused_keeps_the_others_out<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    if !store.guarantee().is_atomic() {
        return Ok(());
    }
    succeed("commit", store.commit(&KEY, in_log(1, 42)).await)?;
    for refused_first in [true, false] {
        let mut commits = vec![(OTHER_KEY, at(7)), (KEY, in_log(2, 43))];
        if refused_first {
            commits.reverse();
        }
        let Err(error) = store.commit_many(commits).await else {
            return Err("commit_many succeeded with a commit in another log".to_owned());
        };
        expect("`other_log`", error.other_log(), Some(&in_log(1, 42)))?;
        holds(&store, &KEY, Some(in_log(1, 42))).await?;
        holds(&store, &OTHER_KEY, None).await?;
    }
    Ok(())
}

/// The log that the first of them is in counts, as if that were stored already.
pub(super) async fn one_in_two_logs_is_refused_in_itself<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    if !store.guarantee().is_atomic() {
        return Ok(());
    }
    let commits = vec![(KEY, in_log(1, 42)), (KEY, in_log(2, 43))];
    let Err(error) = store.commit_many(commits).await else {
        return Err("commit_many succeeded with one key in two logs".to_owned());
    };
    expect("`other_log`", error.other_log(), Some(&in_log(1, 42)))?;
    holds(&store, &KEY, None).await
}

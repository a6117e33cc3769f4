use forebay_core::{CheckpointStore, Commit, Outcome, ResumeKey, StoreError};

use crate::checkpoint_store::calls::{KEY, OTHER_KEY, advanced, at, holds, in_log};
use crate::checkpoint_store::fixture::Fixture;
use crate::checkpoint_store::found::{Checked, expect, refuse, succeed};

checks! {
    of Fixture:
    no_commits_are_no_failure,
    many_are_answered_in_their_order,
    many_of_one_key_see_each_other,
    one_that_is_refused_keeps_the_others_out,
    one_in_two_logs_is_refused_in_itself,
    what_is_refused_says_whether_a_part_happened,
    a_thousand_are_committed_in_one_call,
}

async fn no_commits_are_no_failure<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let answers = succeed("commit_many", store.commit_many(Vec::new()).await)?;
    expect("commit_many of nothing", answers, Vec::new())
}

async fn many_are_answered_in_their_order<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
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

async fn many_of_one_key_see_each_other<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let sequences = [5, 7, 6, 7];
    let commits = sequences.map(|sequence| (KEY, at(sequence))).to_vec();
    let answers = succeed("commit_many", store.commit_many(commits).await)?;
    let unchanged = || Commit::Unchanged { current: at(7) };
    let expected = vec![advanced(None), advanced(Some(5)), unchanged(), unchanged()];
    expect("commit_many", answers, expected)?;
    holds(&store, &KEY, Some(at(7))).await
}

/// Wherever among them the refused one stands.
async fn one_that_is_refused_keeps_the_others_out<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    if !store.guarantee().is_atomic() {
        return Ok(());
    }
    succeed("commit", store.commit(&KEY, in_log(1, 42)).await)?;
    for refused_first in [true, false] {
        let mut commits = vec![(OTHER_KEY, at(7)), (KEY, in_log(2, 43))];
        if refused_first {
            commits.reverse();
        }
        let answers = store.commit_many(commits).await;
        let error = refuse("commit_many with one in another log", answers)?;
        expect("`other_log`", error.other_log(), Some(&in_log(1, 42)))?;
        holds(&store, &KEY, Some(in_log(1, 42))).await?;
        holds(&store, &OTHER_KEY, None).await?;
    }
    Ok(())
}

/// The log that the first of them is in counts, as if that were stored already.
async fn one_in_two_logs_is_refused_in_itself<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    if !store.guarantee().is_atomic() {
        return Ok(());
    }
    let commits = vec![(KEY, in_log(1, 42)), (KEY, in_log(2, 43))];
    let answers = store.commit_many(commits).await;
    let error = refuse("commit_many of one key in two logs", answers)?;
    expect("`other_log`", error.other_log(), Some(&in_log(1, 42)))?;
    holds(&store, &KEY, None).await
}

/// Where a store is not all or nothing, it may not know; but it must not say that nothing happened
/// when something has.
async fn what_is_refused_says_whether_a_part_happened<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    succeed("commit", store.commit(&KEY, in_log(1, 42)).await)?;
    let commits = vec![(OTHER_KEY, at(7)), (KEY, in_log(2, 43))];
    let Err(error) = store.commit_many(commits).await else {
        return Err("commit_many succeeded with a commit in another log".to_owned());
    };
    holds(&store, &KEY, Some(in_log(1, 42))).await?;
    if error.outcome() == Outcome::NotCommitted {
        holds(&store, &OTHER_KEY, None).await?;
    }
    Ok(())
}

async fn a_thousand_are_committed_in_one_call<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let numbers = 0..1000_u64;
    let commits: Vec<_> = numbers
        .map(|number| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            (ResumeKey::from_bytes(key), at(number))
        })
        .collect();
    let answers = succeed("commit_many", store.commit_many(commits.clone()).await)?;
    expect("commit_many", answers, vec![advanced(None); commits.len()])?;
    for (key, checkpoint) in commits {
        holds(&store, &key, Some(checkpoint)).await?;
    }
    Ok(())
}

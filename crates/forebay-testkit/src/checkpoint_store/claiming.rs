use std::fmt::Debug;

use forebay_core::{CheckpointStore, Commit, StoreError};

use crate::checkpoint_store::calls::{KEY, OTHER_KEY, advanced, at, commits, holds, in_log};
use crate::checkpoint_store::found::{Checked, expect, refuse, succeed};
use crate::checkpoint_store::subject::{ErrorOf, Subject};
use crate::checkpoint_store::surviving::survives;

checks! {
    of Subject:
    a_claim_commits,
    a_claim_does_not_move_the_position,
    a_later_claim_fences_an_earlier_one,
    a_claim_is_not_fenced_by_the_end_of_one_before_it,
    a_reset_fences_claims,
    a_removal_fences_claims,
    a_removal_of_a_new_key_fences_its_claims,
    a_key_is_claimed_anew_after_its_removal,
    a_claimed_commit_in_another_log_is_refused,
    commits_without_a_claim_neither_fence_nor_are_fenced,
    a_claim_is_fenced_where_it_would_change_nothing,
    claims_of_other_keys_are_not_fenced,
    tokens_rise_over_removals_and_releases,
    claims_survive_as_fences,
}

/// Claims `KEY`, or returns from the check where the store has no claims.
macro_rules! claim {
    ($subject:expr, $store:expr) => {
        claim!($subject, $store, &KEY)
    };
    ($subject:expr, $store:expr, $key:expr) => {
        match $subject.claim($store, $key).await {
            Some(claim) => succeed("claim", claim)?,
            None => return Ok(()),
        }
    };
}

async fn commits_claimed<S: Subject>(
    subject: &S,
    claim: &S::Claim,
    sequence: u64,
    expected: Commit,
) -> Checked {
    let commit = subject.commit_claimed(claim, at(sequence)).await;
    let commit = succeed("a commit through a claim", commit)?;
    expect("a commit through a claim", commit, expected)
}

async fn is_fenced<S: Subject>(subject: &S, claim: &S::Claim, sequence: u64) -> Checked {
    let commit = subject.commit_claimed(claim, at(sequence)).await;
    fenced::<S, _>(subject, commit)
}

fn fenced<S: Subject, T: Debug>(subject: &S, result: Result<T, ErrorOf<S>>) -> Checked {
    let error = refuse("a commit through a claim that was taken", result)?;
    if subject.is_fenced(&error) {
        return Ok(());
    }
    Err(format!("a claim that was taken is not fenced: {error}"))
}

async fn a_claim_commits<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let claim = claim!(subject, &store);
    commits_claimed(subject, &claim, 42, advanced(None)).await?;
    commits_claimed(subject, &claim, 43, advanced(Some(42))).await?;
    let current = at(43);
    commits_claimed(subject, &claim, 7, Commit::Unchanged { current }).await?;
    holds(&store, &KEY, Some(at(43))).await
}

async fn a_claim_does_not_move_the_position<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let _claim = claim!(subject, &store);
    holds(&store, &KEY, None).await?;
    commits(&store, at(42), advanced(None)).await?;
    let _claim = claim!(subject, &store);
    holds(&store, &KEY, Some(at(42))).await?;
    commits(&store, at(43), advanced(Some(42))).await
}

async fn a_later_claim_fences_an_earlier_one<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let first = claim!(subject, &store);
    let second = claim!(subject, &store);
    is_fenced(subject, &first, 42).await?;
    holds(&store, &KEY, None).await?;
    commits_claimed(subject, &second, 3, advanced(None)).await?;
    is_fenced(subject, &first, 43).await?;
    drop(second);
    is_fenced(subject, &first, 44).await?;
    holds(&store, &KEY, Some(at(3))).await
}

/// Nor by anything that happens to keys beside it meanwhile.
async fn a_claim_is_not_fenced_by_the_end_of_one_before_it<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let first = claim!(subject, &store);
    let second = claim!(subject, &store);
    drop(first);
    for sequence in 1..=3 {
        let commit = store.commit(&OTHER_KEY, at(sequence)).await;
        succeed("commit", commit)?;
        succeed("remove", store.remove(&OTHER_KEY).await)?;
    }
    commits_claimed(subject, &second, 42, advanced(None)).await
}

async fn a_reset_fences_claims<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let claim = claim!(subject, &store);
    commits_claimed(subject, &claim, 42, advanced(None)).await?;
    succeed("reset", store.reset(&KEY, at(3)).await)?;
    is_fenced(subject, &claim, 43).await?;
    holds(&store, &KEY, Some(at(3))).await
}

async fn a_removal_fences_claims<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let claim = claim!(subject, &store);
    commits_claimed(subject, &claim, 42, advanced(None)).await?;
    succeed("remove", store.remove(&KEY).await)?;
    is_fenced(subject, &claim, 43).await?;
    commits(&store, at(3), advanced(None)).await?;
    is_fenced(subject, &claim, 43).await?;
    holds(&store, &KEY, Some(at(3))).await
}

/// There is nothing to be removed, but somebody who would go on.
async fn a_removal_of_a_new_key_fences_its_claims<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let claim = claim!(subject, &store);
    succeed("remove", store.remove(&KEY).await)?;
    is_fenced(subject, &claim, 42).await?;
    holds(&store, &KEY, None).await
}

async fn a_key_is_claimed_anew_after_its_removal<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let first = claim!(subject, &store);
    commits_claimed(subject, &first, 42, advanced(None)).await?;
    succeed("remove", store.remove(&KEY).await)?;
    let second = claim!(subject, &store);
    commits_claimed(subject, &second, 3, advanced(None)).await?;
    is_fenced(subject, &first, 43).await?;
    commits_claimed(subject, &second, 4, advanced(Some(3))).await
}

/// A claim is no reset.
async fn a_claimed_commit_in_another_log_is_refused<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    let claim = claim!(subject, &store);
    let commit = subject.commit_claimed(&claim, in_log(2, 43)).await;
    let error = refuse("a commit through a claim in another log", commit)?;
    expect("`other_log`", error.other_log(), Some(&at(42)))?;
    expect("`is_fenced`", subject.is_fenced(&error), false)?;
    commits_claimed(subject, &claim, 43, advanced(Some(42))).await
}

async fn commits_without_a_claim_neither_fence_nor_are_fenced<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let claim = claim!(subject, &store);
    commits(&store, at(42), advanced(None)).await?;
    commits_claimed(subject, &claim, 43, advanced(Some(42))).await?;
    commits(&store, at(44), advanced(Some(43))).await?;
    let answers = store.commit_many(vec![(KEY, at(45))]).await;
    let answers = succeed("commit_many", answers)?;
    expect("commit_many", answers, vec![advanced(Some(44))])?;
    commits_claimed(subject, &claim, 46, advanced(Some(45))).await
}

/// Otherwise a consumer that was replaced would take its successor's work for its own.
async fn a_claim_is_fenced_where_it_would_change_nothing<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    let first = claim!(subject, &store);
    let _second = claim!(subject, &store);
    is_fenced(subject, &first, 42).await?;
    is_fenced(subject, &first, 3).await
}

async fn claims_of_other_keys_are_not_fenced<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let claim = claim!(subject, &store);
    let _other = claim!(subject, &store, &OTHER_KEY);
    succeed("reset", store.reset(&OTHER_KEY, at(3)).await)?;
    succeed("remove", store.remove(&OTHER_KEY).await)?;
    commits_claimed(subject, &claim, 42, advanced(None)).await
}

async fn tokens_rise_over_removals_and_releases<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    let mut last = None;
    for round in 0..4 {
        let claim = claim!(subject, &store);
        let token = Some(subject.token(&claim));
        if token <= last {
            return Err(format!("the token {token:?} comes after {last:?}"));
        }
        last = token;
        if round == 1 {
            commits_claimed(subject, &claim, 42, advanced(None)).await?;
        }
        drop(claim);
        succeed("remove", store.remove(&KEY).await)?;
        succeed("remove", store.remove(&OTHER_KEY).await)?;
    }
    Ok(())
}

/// A consumer may go on through a restart of the store, with a claim that was taken meanwhile.
async fn claims_survive_as_fences<S: Subject>(subject: &S) -> Checked {
    let store = subject.fresh().await;
    if !survives(&store) {
        return Ok(());
    }
    let first = claim!(subject, &store);
    let token = subject.token(&first);
    let store = subject.reopen(store).await;
    let second = claim!(subject, &store);
    let later = subject.token(&second);
    if later <= token {
        return Err(format!("the token {later} comes after {token}"));
    }
    commits_claimed(subject, &second, 42, advanced(None)).await?;
    drop(first);
    commits_claimed(subject, &second, 43, advanced(Some(42))).await
}

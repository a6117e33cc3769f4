use std::fmt::Debug;

use forebay_core::{CheckpointStore, Commit, StoreError};

use crate::checkpoint_store::calls::{KEY, OTHER_KEY, advanced, at, commits, holds, in_log};
use crate::checkpoint_store::fixture::{ErrorOf, Fixture};
use crate::checkpoint_store::found::{Checked, expect, refuse, succeed};
use crate::checkpoint_store::surviving::survives;

checks! {
    of Fixture:
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
    ($fixture:expr, $store:expr) => {
        claim!($fixture, $store, &KEY)
    };
    ($fixture:expr, $store:expr, $key:expr) => {
        match $fixture.claim($store, $key).await {
            Some(claim) => succeed("claim", claim)?,
            None => return Ok(()),
        }
    };
}

async fn commits_claimed<S: Fixture>(
    fixture: &S,
    claim: &S::Claim,
    sequence: u64,
    expected: Commit,
) -> Checked {
    let commit = fixture.commit_claimed(claim, at(sequence)).await;
    let commit = succeed("a commit through a claim", commit)?;
    expect("a commit through a claim", commit, expected)
}

async fn is_fenced<S: Fixture>(fixture: &S, claim: &S::Claim, sequence: u64) -> Checked {
    let commit = fixture.commit_claimed(claim, at(sequence)).await;
    fenced::<S, _>(fixture, commit)
}

fn fenced<S: Fixture, T: Debug>(fixture: &S, result: Result<T, ErrorOf<S>>) -> Checked {
    let error = refuse("a commit through a claim that was taken", result)?;
    if fixture.is_fenced(&error) {
        return Ok(());
    }
    Err(format!("a claim that was taken is not fenced: {error}"))
}

async fn a_claim_commits<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let claim = claim!(fixture, &store);
    commits_claimed(fixture, &claim, 42, advanced(None)).await?;
    commits_claimed(fixture, &claim, 43, advanced(Some(42))).await?;
    let current = at(43);
    commits_claimed(fixture, &claim, 7, Commit::Unchanged { current }).await?;
    holds(&store, &KEY, Some(at(43))).await
}

async fn a_claim_does_not_move_the_position<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let _claim = claim!(fixture, &store);
    holds(&store, &KEY, None).await?;
    commits(&store, at(42), advanced(None)).await?;
    let _claim = claim!(fixture, &store);
    holds(&store, &KEY, Some(at(42))).await?;
    commits(&store, at(43), advanced(Some(42))).await
}

async fn a_later_claim_fences_an_earlier_one<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let first = claim!(fixture, &store);
    let second = claim!(fixture, &store);
    is_fenced(fixture, &first, 42).await?;
    holds(&store, &KEY, None).await?;
    commits_claimed(fixture, &second, 3, advanced(None)).await?;
    is_fenced(fixture, &first, 43).await?;
    drop(second);
    is_fenced(fixture, &first, 44).await?;
    holds(&store, &KEY, Some(at(3))).await
}

/// Nor by anything that happens to keys beside it meanwhile.
async fn a_claim_is_not_fenced_by_the_end_of_one_before_it<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let first = claim!(fixture, &store);
    let second = claim!(fixture, &store);
    drop(first);
    for sequence in 1..=3 {
        let commit = store.commit(&OTHER_KEY, at(sequence)).await;
        succeed("commit", commit)?;
        succeed("remove", store.remove(&OTHER_KEY).await)?;
    }
    commits_claimed(fixture, &second, 42, advanced(None)).await
}

async fn a_reset_fences_claims<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let claim = claim!(fixture, &store);
    commits_claimed(fixture, &claim, 42, advanced(None)).await?;
    succeed("reset", store.reset(&KEY, at(3)).await)?;
    is_fenced(fixture, &claim, 43).await?;
    holds(&store, &KEY, Some(at(3))).await
}

async fn a_removal_fences_claims<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let claim = claim!(fixture, &store);
    commits_claimed(fixture, &claim, 42, advanced(None)).await?;
    succeed("remove", store.remove(&KEY).await)?;
    is_fenced(fixture, &claim, 43).await?;
    commits(&store, at(3), advanced(None)).await?;
    is_fenced(fixture, &claim, 43).await?;
    holds(&store, &KEY, Some(at(3))).await
}

/// There is nothing to be removed, but somebody who would go on.
async fn a_removal_of_a_new_key_fences_its_claims<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let claim = claim!(fixture, &store);
    succeed("remove", store.remove(&KEY).await)?;
    is_fenced(fixture, &claim, 42).await?;
    holds(&store, &KEY, None).await
}

async fn a_key_is_claimed_anew_after_its_removal<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let first = claim!(fixture, &store);
    commits_claimed(fixture, &first, 42, advanced(None)).await?;
    succeed("remove", store.remove(&KEY).await)?;
    let second = claim!(fixture, &store);
    commits_claimed(fixture, &second, 3, advanced(None)).await?;
    is_fenced(fixture, &first, 43).await?;
    commits_claimed(fixture, &second, 4, advanced(Some(3))).await
}

/// A claim is no reset.
async fn a_claimed_commit_in_another_log_is_refused<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    let claim = claim!(fixture, &store);
    let commit = fixture.commit_claimed(&claim, in_log(2, 43)).await;
    let error = refuse("a commit through a claim in another log", commit)?;
    expect("`other_log`", error.other_log(), Some(&at(42)))?;
    expect("`is_fenced`", fixture.is_fenced(&error), false)?;
    commits_claimed(fixture, &claim, 43, advanced(Some(42))).await
}

async fn commits_without_a_claim_neither_fence_nor_are_fenced<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let claim = claim!(fixture, &store);
    commits(&store, at(42), advanced(None)).await?;
    commits_claimed(fixture, &claim, 43, advanced(Some(42))).await?;
    commits(&store, at(44), advanced(Some(43))).await?;
    let answers = store.commit_many(vec![(KEY, at(45))]).await;
    let answers = succeed("commit_many", answers)?;
    expect("commit_many", answers, vec![advanced(Some(44))])?;
    commits_claimed(fixture, &claim, 46, advanced(Some(45))).await
}

/// Otherwise a consumer that was replaced would take its successor's work for its own.
async fn a_claim_is_fenced_where_it_would_change_nothing<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    let first = claim!(fixture, &store);
    let _second = claim!(fixture, &store);
    is_fenced(fixture, &first, 42).await?;
    is_fenced(fixture, &first, 3).await
}

async fn claims_of_other_keys_are_not_fenced<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let claim = claim!(fixture, &store);
    let _other = claim!(fixture, &store, &OTHER_KEY);
    succeed("reset", store.reset(&OTHER_KEY, at(3)).await)?;
    succeed("remove", store.remove(&OTHER_KEY).await)?;
    commits_claimed(fixture, &claim, 42, advanced(None)).await
}

async fn tokens_rise_over_removals_and_releases<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let mut last = None;
    for round in 0..4 {
        let claim = claim!(fixture, &store);
        let token = Some(fixture.token(&claim));
        if token <= last {
            return Err(format!("the token {token:?} comes after {last:?}"));
        }
        last = token;
        if round == 1 {
            commits_claimed(fixture, &claim, 42, advanced(None)).await?;
        }
        drop(claim);
        succeed("remove", store.remove(&KEY).await)?;
        succeed("remove", store.remove(&OTHER_KEY).await)?;
    }
    Ok(())
}

/// A consumer may go on through a restart of the store, with a claim that was taken meanwhile.
async fn claims_survive_as_fences<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    if !survives(&store) {
        return Ok(());
    }
    let first = claim!(fixture, &store);
    let token = fixture.token(&first);
    let store = fixture.reopen(store).await;
    let second = claim!(fixture, &store);
    let later = fixture.token(&second);
    if later <= token {
        return Err(format!("the token {later} comes after {token}"));
    }
    commits_claimed(fixture, &second, 42, advanced(None)).await?;
    drop(first);
    commits_claimed(fixture, &second, 43, advanced(Some(42))).await
}

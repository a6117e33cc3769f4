use forebay_core::{CheckpointStore, Commit, ResumeKey, StoreError};

use crate::checkpoint_store::calls::{KEY, OTHER_KEY, advanced, at, commits, holds, in_log};
use crate::checkpoint_store::fixture::Fixture;
use crate::checkpoint_store::found::{Checked, expect, refuse, succeed};

checks! {
    of Fixture:
    nothing_is_stored_under_a_new_key,
    a_first_commit_advances_from_nothing,
    zero_advances_where_nothing_is_stored,
    zero_is_a_position_as_any,
    a_higher_commit_advances,
    a_lower_commit_changes_nothing,
    of_equal_sequences_the_first_stays,
    zero_and_the_last_sequence_are_legal,
    event_ids_are_kept_as_they_are,
    a_commit_in_another_log_is_refused,
    keys_do_not_touch_each_other,
    keys_that_differ_in_one_bit_are_different,
}

async fn nothing_is_stored_under_a_new_key<S: Fixture>(fixture: &S) -> Checked {
    holds(&fixture.fresh().await, &KEY, None).await
}

async fn a_first_commit_advances_from_nothing<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    holds(&store, &KEY, Some(at(42))).await
}

async fn zero_advances_where_nothing_is_stored<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(0), advanced(None)).await?;
    holds(&store, &KEY, Some(at(0))).await
}

/// It is not the same as that nothing is stored.
async fn zero_is_a_position_as_any<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let current = at(0).with_event_id("first");
    commits(&store, current.clone(), advanced(None)).await?;
    let unchanged = Commit::Unchanged {
        current: current.clone(),
    };
    commits(&store, at(0).with_event_id("second"), unchanged).await?;
    holds(&store, &KEY, Some(current)).await?;
    commits(&store, at(1), advanced(Some(0))).await
}

async fn a_higher_commit_advances<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(41), advanced(None)).await?;
    commits(&store, at(42), advanced(Some(41))).await?;
    commits(&store, at(1000), advanced(Some(42))).await?;
    holds(&store, &KEY, Some(at(1000))).await
}

async fn a_lower_commit_changes_nothing<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let current = at(42).with_event_id("kept");
    commits(&store, current.clone(), advanced(None)).await?;
    for lower in [0, 1, 41] {
        let unchanged = Commit::Unchanged {
            current: current.clone(),
        };
        commits(&store, at(lower).with_event_id("late"), unchanged).await?;
    }
    holds(&store, &KEY, Some(current)).await
}

async fn of_equal_sequences_the_first_stays<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let current = at(42).with_event_id("first");
    commits(&store, current.clone(), advanced(None)).await?;
    for equal in [at(42).with_event_id("second"), at(42), current.clone()] {
        let unchanged = Commit::Unchanged {
            current: current.clone(),
        };
        commits(&store, equal, unchanged).await?;
    }
    holds(&store, &KEY, Some(current)).await
}

async fn zero_and_the_last_sequence_are_legal<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(0), advanced(None)).await?;
    commits(&store, at(u64::MAX), advanced(Some(0))).await?;
    let current = at(u64::MAX);
    commits(&store, at(u64::MAX), Commit::Unchanged { current }).await?;
    holds(&store, &KEY, Some(at(u64::MAX))).await
}

/// An empty one is not the same as none, and any text is legal.
async fn event_ids_are_kept_as_they_are<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let long = "\u{e9}".repeat(500);
    let event_ids = [
        Some(""),
        None,
        Some("a\0b\n\"c\\"),
        Some("\u{1f980}"),
        Some(&*long),
    ];
    for (number, event_id) in (1..).zip(event_ids) {
        let checkpoint = match event_id {
            Some(event_id) => at(number).with_event_id(event_id),
            None => at(number),
        };
        let commit = store.commit(&KEY, checkpoint.clone()).await;
        succeed("commit", commit)?;
        holds(&store, &KEY, Some(checkpoint)).await?;
    }
    Ok(())
}

/// Neither lower nor higher: positions of two logs cannot be compared.
async fn a_commit_in_another_log_is_refused<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let stored = in_log(1, 42).with_event_id("stored");
    commits(&store, stored.clone(), advanced(None)).await?;
    for sequence in [0, 42, 43, u64::MAX] {
        let commit = store.commit(&KEY, in_log(2, sequence)).await;
        let error = refuse("a commit in another log", commit)?;
        expect("`other_log`", error.other_log(), Some(&stored))?;
        holds(&store, &KEY, Some(stored.clone())).await?;
    }
    commits(&store, in_log(1, 43), advanced(Some(42))).await
}

async fn keys_do_not_touch_each_other<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    let commit = store.commit(&OTHER_KEY, in_log(2, 7)).await;
    expect("commit", succeed("commit", commit)?, advanced(None))?;
    holds(&store, &KEY, Some(at(42))).await?;
    holds(&store, &OTHER_KEY, Some(in_log(2, 7))).await?;
    let removed = succeed("remove", store.remove(&OTHER_KEY).await)?;
    expect("remove", removed, Some(in_log(2, 7)))?;
    holds(&store, &KEY, Some(at(42))).await
}

async fn keys_that_differ_in_one_bit_are_different<S: Fixture>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let mut keys = vec![ResumeKey::from_bytes([0; 32])];
    keys.extend((0..256).map(|bit| {
        let mut bytes = [0; 32];
        bytes[bit / 8] = 1 << (bit % 8);
        ResumeKey::from_bytes(bytes)
    }));
    for (sequence, key) in (1..).zip(&keys) {
        let commit = store.commit(key, at(sequence)).await;
        expect("commit", succeed("commit", commit)?, advanced(None))?;
    }
    for (sequence, key) in (1..).zip(&keys) {
        holds(&store, key, Some(at(sequence))).await?;
    }
    Ok(())
}

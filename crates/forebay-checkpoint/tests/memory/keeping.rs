use forebay_checkpoint::{CheckpointError, EVENT_ID_BYTES_MAX, LABEL_BYTES_MAX, MemoryStore, Row};
use forebay_core::{CheckpointStore, Outcome, ResumeKey, StoreError};
use futures::executor::block_on;

use crate::{KEY, OTHER_KEY, at};

#[test]
fn an_event_id_is_refused_when_it_is_longer_than_the_limit() {
    block_on(async {
        let store = MemoryStore::new();
        let longest = at(1).with_event_id("a".repeat(EVENT_ID_BYTES_MAX));
        assert!(
            store
                .commit(&KEY, longest.clone())
                .await
                .unwrap()
                .is_advanced()
        );

        let bytes = EVENT_ID_BYTES_MAX + 1;
        let longer = at(2).with_event_id("a".repeat(bytes));
        for error in [
            store.commit(&KEY, longer.clone()).await.unwrap_err(),
            store.reset(&KEY, longer.clone()).await.unwrap_err(),
            store
                .commit_many(vec![(OTHER_KEY, at(1)), (KEY, longer.clone())])
                .await
                .unwrap_err(),
        ] {
            assert!(
                matches!(error, CheckpointError::EventIdTooLong { bytes: found } if found == bytes)
            );
            assert_eq!(error.outcome(), Outcome::NotCommitted);
            assert_eq!(error.other_log(), None);
        }
        assert_eq!(store.load_now(&KEY), Some(longest));
        assert_eq!(store.load_now(&OTHER_KEY), None);
    });
}

#[test]
fn a_label_is_refused_when_it_is_longer_than_the_limit() {
    block_on(async {
        let store = MemoryStore::new();
        let longest = "a".repeat(LABEL_BYTES_MAX);
        store.label(&KEY, Some(&longest)).await.unwrap();
        let error = store.label(&KEY, Some(&(longest.clone() + "a"))).await;
        let bytes = LABEL_BYTES_MAX + 1;
        assert!(
            matches!(error, Err(CheckpointError::LabelTooLong { bytes: found }) if found == bytes)
        );
        assert_eq!(store.rows(), [Row::new(KEY, None).with_label(longest)]);
    });
}

#[test]
fn a_label_stays_through_commits_and_resets_and_goes_with_the_key() {
    block_on(async {
        let store = MemoryStore::new();
        store.label(&KEY, Some("orders")).await.unwrap();
        store.commit(&KEY, at(42)).await.unwrap();
        store.reset(&KEY, at(3)).await.unwrap();
        assert_eq!(
            store.rows(),
            [Row::new(KEY, Some(at(3))).with_label("orders")]
        );
        store.remove(&KEY).await.unwrap();
        assert_eq!(store.rows(), []);
        store.commit(&KEY, at(1)).await.unwrap();
        assert_eq!(store.rows(), [Row::new(KEY, Some(at(1)))]);
    });
}

#[test]
fn a_label_is_replaced_and_taken_away() {
    block_on(async {
        let store = MemoryStore::new();
        store.commit(&KEY, at(42)).await.unwrap();
        for label in [Some("orders"), Some(""), None, None] {
            store.label(&KEY, label).await.unwrap();
            assert_eq!(store.rows()[0].label.as_deref(), label);
        }
    });
}

#[test]
fn keys_are_listed_in_their_order_without_those_that_are_only_claimed() {
    block_on(async {
        let store = MemoryStore::new();
        for byte in [9, 1, 255, 0, 128] {
            let key = ResumeKey::from_bytes([byte; 32]);
            store.commit(&key, at(byte.into())).await.unwrap();
        }
        let _claim = store.claim(&KEY).await.unwrap();
        let sequences = store.rows().into_iter().map(|row| {
            let checkpoint = row.checkpoint.unwrap();
            checkpoint.sequence().get()
        });
        assert_eq!(sequences.collect::<Vec<_>>(), [0, 1, 9, 128, 255]);
    });
}

/// Whatever is done to keys that are gone in the end, one number is what stays of them.
#[test]
fn nothing_is_kept_of_keys_that_are_gone() {
    block_on(async {
        let store = MemoryStore::new();
        for byte in 0..=255 {
            let key = ResumeKey::from_bytes([byte; 32]);
            store.commit(&key, at(42)).await.unwrap();
            store.remove(&key).await.unwrap();
            store.label(&key, Some("label")).await.unwrap();
            store.label(&key, None).await.unwrap();
            drop(store.claim(&key).await.unwrap());
            let claim = store.claim(&key).await.unwrap();
            store.label(&key, Some("label")).await.unwrap();
            store.remove(&key).await.unwrap();
            drop(claim);
            let earlier = store.claim(&key).await.unwrap();
            drop(store.claim(&key).await.unwrap());
            drop(earlier);
        }
        let stats = store.stats();
        assert_eq!((stats.keys, stats.keys_without_position), (0, 0));
        assert!(stats.epoch_floor > 0);
    });
}

#[test]
fn a_claim_says_what_was_stored_when_it_was_given() {
    block_on(async {
        let store = MemoryStore::new();
        let claim = store.claim(&KEY).await.unwrap();
        assert_eq!(claim.checkpoint(), None);
        claim.commit(at(42)).await.unwrap();
        assert_eq!(claim.checkpoint(), None);
        let claim = store.claim(&KEY).await.unwrap();
        assert_eq!((claim.key(), claim.checkpoint()), (&KEY, Some(&at(42))));
    });
}

#[test]
fn a_key_goes_with_its_last_label_and_its_last_claim() {
    block_on(async {
        let store = MemoryStore::new();
        store.label(&KEY, Some("label")).await.unwrap();
        store.label(&KEY, None).await.unwrap();
        assert_eq!(store.stats().keys_without_position, 0);
        let claim = store.claim(&OTHER_KEY).await.unwrap();
        assert_eq!(store.stats().keys_without_position, 1);
        drop(claim);
        assert_eq!(store.stats().keys_without_position, 0);
    });
}

/// A claim keeps its epoch even when the label it shared the key with goes.
#[test]
fn a_claim_holds_while_other_things_of_its_key_go() {
    block_on(async {
        let store = MemoryStore::new();
        store.label(&KEY, Some("orders")).await.unwrap();
        let claim = store.claim(&KEY).await.unwrap();
        store.label(&KEY, None).await.unwrap();
        // The floor rises above the epoch of the claim.
        for _ in 0..3 {
            store.commit(&OTHER_KEY, at(1)).await.unwrap();
            store.remove(&OTHER_KEY).await.unwrap();
        }
        assert!(claim.commit(at(42)).await.unwrap().is_advanced());
    });
}

#[test]
fn a_claim_that_resets_goes_on_and_fences_those_before_it() {
    block_on(async {
        let store = MemoryStore::new();
        let earlier = store.claim(&KEY).await.unwrap();
        let mut claim = store.claim(&KEY).await.unwrap();
        let token = claim.epoch();
        claim.commit(at(42)).await.unwrap();
        claim.reset(at(3)).await.unwrap();
        assert!(claim.epoch() > token);
        assert!(claim.commit(at(4)).await.unwrap().is_advanced());
        assert!(matches!(
            earlier.commit(at(5)).await,
            Err(CheckpointError::Fenced { epoch }) if epoch == claim.epoch()
        ));

        let successor = store.claim(&KEY).await.unwrap();
        assert!(matches!(
            claim.reset(at(0)).await,
            Err(CheckpointError::Fenced { epoch }) if epoch == successor.epoch()
        ));
        assert_eq!(store.load_now(&KEY), Some(at(4)));
    });
}

#[test]
fn counters_count() {
    block_on(async {
        let store = MemoryStore::new();
        let watch = store.watch(&OTHER_KEY);
        store.commit(&KEY, at(42)).await.unwrap();
        store.commit(&KEY, at(42)).await.unwrap();
        let commits = vec![(KEY, at(43)), (OTHER_KEY, at(1)), (KEY, at(1))];
        store.commit_many(commits).await.unwrap();
        store.remove(&OTHER_KEY).await.unwrap();
        store.label(&OTHER_KEY, Some("orders")).await.unwrap();
        let too_long = at(44).with_event_id("a".repeat(EVENT_ID_BYTES_MAX + 1));
        store.commit(&KEY, too_long).await.unwrap_err();

        let stats = store.stats();
        assert_eq!((stats.keys, stats.keys_without_position), (1, 1));
        assert_eq!((stats.advanced, stats.unchanged, stats.refused), (3, 2, 1));
        assert_eq!((stats.watches, stats.epoch_floor), (1, 1));
        drop(watch);
        assert_eq!(store.stats().watches, 0);
    });
}

//! What a consumer keeps, and what stores say of it.
//!
//! * A checkpoint is a cursor and perhaps the name of an event; two are equal when both are.
//! * Of guarantees, the one that survives more is greater.
//! * Serialised, a checkpoint is a structure of both, and reads back.

use std::sync::Arc;

use forebay_core::{Checkpoint, Commit, Cursor, Guarantee, LogId, Sequence, Survives};

fn checkpoint(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(7), Sequence::new(sequence)))
}

#[test]
fn parts_go_in_and_come_out() {
    let cursor = Cursor::new(LogId::new(7), Sequence::new(42));
    let checkpoint = Checkpoint::from(cursor);
    assert_eq!(checkpoint.cursor(), cursor);
    assert_eq!(checkpoint.log(), LogId::new(7));
    assert_eq!(checkpoint.sequence(), Sequence::new(42));
    assert_eq!(checkpoint.event_id(), None);
    assert_eq!(checkpoint.shared_event_id(), None);
}

#[test]
fn an_event_id_is_kept_as_it_is_shared() {
    let event_id: Arc<str> = Arc::from("order-1312");
    let checkpoint = checkpoint(42).with_event_id(Arc::clone(&event_id));
    assert_eq!(checkpoint.event_id(), Some("order-1312"));
    let shared = checkpoint.shared_event_id().unwrap();
    assert!(Arc::ptr_eq(shared, &event_id));
}

#[test]
fn a_checkpoint_differs_by_its_event_id_too() {
    assert_ne!(checkpoint(42), checkpoint(42).with_event_id(""));
    assert_ne!(
        checkpoint(42).with_event_id("a"),
        checkpoint(42).with_event_id("b")
    );
    assert_ne!(checkpoint(42), checkpoint(43));
}

#[test]
fn a_commit_says_whether_it_advanced() {
    assert!(Commit::Advanced { previous: None }.is_advanced());
    let current = checkpoint(42);
    assert!(!Commit::Unchanged { current }.is_advanced());
}

#[test]
fn what_survives_more_is_greater() {
    assert!(Survives::Nothing < Survives::Crash);
    assert!(Survives::Crash < Survives::PowerLoss);
}

#[test]
fn a_guarantee_is_atomic_only_where_it_says_so() {
    let plain = Guarantee::new(Survives::Crash);
    assert!(!plain.is_atomic());
    assert!(plain.atomic().is_atomic());
    assert_eq!(plain.atomic().survives(), Survives::Crash);
}

#[cfg(feature = "serde")]
mod serialised {
    use super::{Checkpoint, checkpoint};

    #[test]
    fn a_checkpoint_is_a_structure_of_cursor_and_event_id() {
        for (checkpoint, text) in [
            (
                checkpoint(42),
                r#"{"cursor":{"log":"0000000000000007","sequence":42},"event_id":null}"#,
            ),
            (
                checkpoint(42).with_event_id("a\"b"),
                r#"{"cursor":{"log":"0000000000000007","sequence":42},"event_id":"a\"b"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&checkpoint).unwrap(), text);
            assert_eq!(
                serde_json::from_str::<Checkpoint>(text).unwrap(),
                checkpoint
            );
        }
    }

    #[test]
    fn an_event_id_that_is_left_out_is_none() {
        let text = r#"{"cursor":{"log":"0000000000000007","sequence":42}}"#;
        let read: Checkpoint = serde_json::from_str(text).unwrap();
        assert_eq!(read, checkpoint(42));
    }
}

//! What the stores say when they did not do what was asked for.
//!
//! * All but a failed write or read know that nothing was committed, and that one says so itself.
//! * What passes by itself can be tried again, and nothing else.
//! * What is stored in another log is handed out, by that error alone.
//! * The cause of a failed write downcasts to what the system said.
//! * Texts are in lower case and in one line, and name the file where there is one.

use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;

use forebay_checkpoint::CheckpointError;
use forebay_core::{Checkpoint, Cursor, LogId, Outcome, ResumeKey, Sequence, StoreError};

fn path() -> Arc<Path> {
    Arc::from(Path::new("/var/consumer.ckpt"))
}

fn stored() -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(0x1f), Sequence::new(42)))
}

fn failed(outcome: Outcome) -> CheckpointError {
    CheckpointError::Io {
        doing: "write",
        path: path(),
        source: Arc::new(io::Error::from(io::ErrorKind::StorageFull)),
        outcome,
    }
}

/// Everything but [`CheckpointError::Io`], those with a path last.
fn others() -> [CheckpointError; 15] {
    [
        CheckpointError::OtherLog {
            key: ResumeKey::from_bytes([7; 32]),
            stored: stored(),
        },
        CheckpointError::Fenced { epoch: 3 },
        CheckpointError::EventIdTooLong { bytes: 70_000 },
        CheckpointError::LabelTooLong { bytes: 300 },
        CheckpointError::BatchTooLarge {
            bytes: 20,
            bytes_max: 16,
        },
        CheckpointError::Full,
        CheckpointError::Closed,
        CheckpointError::Forked,
        CheckpointError::Corrupt {
            path: path(),
            offset: 4096,
        },
        CheckpointError::NotAStore { path: path() },
        CheckpointError::UnsupportedVersion {
            path: path(),
            found: 9,
        },
        CheckpointError::KeyFormat {
            path: path(),
            found: 9,
        },
        CheckpointError::LockTimeout { path: path() },
        CheckpointError::NotLocal {
            path: path(),
            filesystem: "nfs",
        },
        CheckpointError::NotAFile { path: path() },
    ]
}

#[test]
fn only_a_failed_write_may_not_know_its_outcome() {
    for error in others() {
        assert_eq!(error.outcome(), Outcome::NotCommitted, "{error}");
        assert!(error.source().is_none(), "{error}");
    }
    for outcome in [Outcome::NotCommitted, Outcome::Unknown] {
        assert_eq!(failed(outcome).outcome(), outcome);
    }
}

#[test]
fn what_passes_by_itself_can_be_tried_again() {
    for error in others() {
        let passes = matches!(
            error,
            CheckpointError::Full | CheckpointError::LockTimeout { .. }
        );
        assert_eq!(error.is_retryable(), passes, "{error}");
    }
    assert!(failed(Outcome::NotCommitted).is_retryable());
    assert!(failed(Outcome::Unknown).is_retryable());
}

#[test]
fn what_is_stored_in_another_log_is_handed_out() {
    let [other_log, rest @ ..] = others();
    assert_eq!(other_log.other_log(), Some(&stored()));
    assert!(rest.iter().all(|error| error.other_log().is_none()));
    assert!(failed(Outcome::Unknown).other_log().is_none());
}

#[test]
fn the_cause_downcasts_to_what_the_system_said() {
    let error = failed(Outcome::Unknown);
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    let kind = cause.map(io::Error::kind);
    assert_eq!(kind, Some(io::ErrorKind::StorageFull));
}

#[test]
fn texts_are_one_line_in_lower_case_and_all_different() {
    let mut texts: Vec<_> = others().iter().map(ToString::to_string).collect();
    texts.push(failed(Outcome::Unknown).to_string());
    for text in &texts {
        assert!(!text.starts_with(char::is_uppercase), "{text}");
        assert!(!text.contains('\n') && !text.ends_with('.'), "{text}");
    }
    for text in &texts[8..] {
        assert!(text.contains("/var/consumer.ckpt"), "{text}");
    }
    assert!(texts[0].contains("000000000000001f-42"), "{}", texts[0]);
    let count = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), count);
}

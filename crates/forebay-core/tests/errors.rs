//! What a shared failure says of itself.
//!
//! * Its source is the backend's own error and downcasts to it.
//! * It is written in lower case and without a full stop, so that it reads well after a colon.
//! * It is cloned without cloning the backend's error.
//! * `?` makes one of the backend's error.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use forebay_core::{ConfigError, LoadError};

/// An error as backends have them: it cannot be cloned.
#[derive(Debug, PartialEq)]
struct Refused {
    code: u16,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with code {}", self.code)
    }
}

impl Error for Refused {}

fn all() -> Vec<LoadError<Refused>> {
    vec![
        LoadError::from(Refused { code: 7 }),
        LoadError::Panicked(Arc::from("out of bounds")),
        LoadError::Abandoned,
        LoadError::TimedOut,
        LoadError::Rejected,
        LoadError::Closed,
        LoadError::Cycle,
    ]
}

#[test]
fn source_downcasts_to_the_backends_error() {
    let shared = LoadError::from(Refused { code: 7 });
    let source = shared.source().and_then(|source| source.downcast_ref());
    assert_eq!(source, Some(&Refused { code: 7 }));
}

#[test]
fn what_a_stage_says_itself_has_no_source() {
    for error in all().iter().skip(1) {
        assert!(error.source().is_none(), "{error}");
        assert_eq!(error.backend(), None, "{error}");
    }
}

#[test]
fn text_is_lower_case_without_a_full_stop() {
    for error in all() {
        let text = error.to_string();
        assert!(
            text.starts_with(|letter: char| letter.is_lowercase()),
            "{text}"
        );
        assert!(!text.ends_with('.'), "{text}");
    }
}

#[test]
fn text_differs_for_each_kind() {
    let mut texts: Vec<_> = all().iter().map(ToString::to_string).collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), all().len());
}

#[test]
fn text_leaves_the_cause_to_the_source() {
    let text = LoadError::from(Refused { code: 7 }).to_string();
    assert!(!text.contains("refused"), "{text}");
}

#[test]
fn text_of_a_panic_holds_its_message() {
    let text = LoadError::<Refused>::Panicked(Arc::from("out of bounds")).to_string();
    assert!(text.ends_with("out of bounds"), "{text}");
}

#[test]
fn clone_shares_the_backends_error() {
    let first = LoadError::from(Refused { code: 7 });
    let second = first.clone();
    let addresses = [&first, &second].map(|error| error.backend().map(std::ptr::from_ref));
    assert!(addresses[0].is_some());
    assert_eq!(addresses[0], addresses[1]);
}

#[test]
fn clone_is_equal_for_every_kind() {
    for error in all() {
        assert_eq!(error.clone(), error);
    }
}

#[test]
fn question_mark_wraps_the_backends_error() {
    fn load() -> Result<Option<u8>, LoadError<Refused>> {
        Err(Refused { code: 7 })?;
        Ok(None)
    }
    assert_eq!(
        load(),
        Err(LoadError::Backend(Arc::new(Refused { code: 7 })))
    );
}

#[test]
fn settings_are_named_in_one_line() {
    let setting = "max_batch";
    let lines = [
        (ConfigError::Zero { setting }, "`max_batch` is zero"),
        (
            ConfigError::TooSmall { setting, min: 7 },
            "`max_batch` is less than 7",
        ),
        (
            ConfigError::TooLarge { setting, max: 7 },
            "`max_batch` is more than 7",
        ),
        (
            ConfigError::NotBelow {
                setting,
                bound: "max_waiting",
            },
            "`max_batch` is not less than `max_waiting`",
        ),
        (ConfigError::RuntimeMissing, "there is no runtime"),
    ];
    for (error, line) in lines {
        assert_eq!(error.to_string(), line);
        assert!(error.source().is_none());
    }
}

//! What errors say: in lower case, without a full stop, and each something of its own.

use std::collections::BTreeSet;

use forebay_snapshot::{
    Absence, ConfigError, Message, NotTaken, OutOfOrder, PieceError, StateError, WireError,
};

fn assert_told_apart(texts: impl IntoIterator<Item = String>) {
    let mut told = BTreeSet::new();
    for text in texts {
        assert!(!text.ends_with('.'), "{text}");
        assert!(
            text.starts_with(|first: char| !first.is_uppercase()),
            "{text}"
        );
        assert!(told.insert(text.clone()), "{text} is told twice");
    }
}

#[test]
fn settings() {
    let setting = "ttl";
    let errors = [
        ConfigError::Zero { setting },
        ConfigError::TooSmall { setting, min: 5 },
        ConfigError::TooLarge { setting, max: 5 },
    ];
    assert_told_apart(errors.map(|error| error.to_string()));
    assert_eq!(errors[1].to_string(), "`ttl` is less than 5");
}

#[test]
fn pieces() {
    let errors = [
        PieceError::Hash,
        PieceError::TooLarge,
        PieceError::Length,
        PieceError::Version,
        PieceError::Totals,
        PieceError::Items,
    ];
    assert_told_apart(errors.map(|error| error.to_string()));
}

#[test]
fn states() {
    let errors = [
        StateError::ItemTooLarge { bytes: 9 },
        StateError::TooLarge,
        StateError::Serialize,
        StateError::Changed,
    ];
    let order = OutOfOrder::new().to_string();
    assert_told_apart(
        errors
            .map(|error| error.to_string())
            .into_iter()
            .chain([order]),
    );
    assert_eq!(errors[0].to_string(), "an item has 9 bytes, too many");
}

#[test]
fn frames() {
    let errors = [
        WireError::TooLarge { len: 9, max: 5 },
        WireError::Version,
        WireError::Malformed,
    ];
    assert_told_apart(errors.map(|error| error.to_string()));
    assert_eq!(errors[0].to_string(), "frame of 9 bytes, more than 5");
}

#[test]
fn messages_that_are_not_taken() {
    let why = Absence::Unknown;
    let message = || Message::<u8>::Gone { id: 1, why };
    let errors = [NotTaken::ForSession(message()), NotTaken::Full(message())];
    assert_told_apart(errors.map(|error| error.to_string()));
}

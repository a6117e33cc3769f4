//! Settings, errors, and what handles show of themselves.
//!
//! * A grace needs a clock, and nothing else does.
//! * Errors say in one lower-case line what is wrong, and keep the cause that there is.
//! * Handles can be shown whatever the events are.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use forebay_events::{ConfigError, Publisher, Reason, RecvError, Retention, Stale};
use forebay_testkit::HandRuntime;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn grace_needs_a_clock() {
    let retention = Retention::readers_up_to(10).grace(SECOND);
    let builder = Publisher::<u64>::builder().retention(retention);
    assert_eq!(
        builder.inline().build().unwrap_err(),
        ConfigError::RuntimeMissing
    );
    let builder = Publisher::<u64>::builder().retention(retention);
    assert!(builder.runtime(HandRuntime::default()).build().is_ok());
}

#[test]
fn nothing_else_needs_a_clock() {
    for retention in [
        Retention::READERS,
        Retention::READERS.grace(SECOND),
        Retention::window(10).grace(SECOND),
        Retention::readers_up_to(10),
        Retention::readers_up_to(10).grace(Duration::ZERO),
    ] {
        let builder = Publisher::<u64>::builder().retention(retention);
        assert!(builder.inline().build().is_ok(), "{retention:?}");
    }
}

#[test]
fn log_is_made_by_default_as_by_new() {
    let mut log = Publisher::<u64>::default();
    assert_eq!(log.push(7).unwrap().get(), 1);
    assert_eq!(Retention::default(), Retention::READERS);
}

#[test]
fn errors_are_one_line_each() {
    let mut log = Publisher::<u64>::new();
    log.append(5, 5).unwrap();
    let other = Reason::Other(Arc::from("too many"));
    let lines = [
        log.append(4, 0).unwrap_err().to_string(),
        ConfigError::RuntimeMissing.to_string(),
        RecvError::<io::Error>::Closed.to_string(),
        RecvError::<io::Error>::PublisherLost.to_string(),
        RecvError::Failed(io::Error::other("disk full")).to_string(),
        RecvError::<io::Error>::ForceClosed(Reason::Revoked).to_string(),
        RecvError::<io::Error>::ForceClosed(Reason::Refreshed).to_string(),
        RecvError::<io::Error>::ForceClosed(Reason::ShuttingDown).to_string(),
        RecvError::<io::Error>::ForceClosed(other).to_string(),
        RecvError::<io::Error>::Lagged { missed: 7 }.to_string(),
        Stale::OtherLog.to_string(),
    ];
    for (number, line) in lines.iter().enumerate() {
        let begins = line.chars().next().unwrap();
        assert!(begins.is_lowercase() && !line.ends_with('.'), "{line}");
        assert!(!line.contains('\n') && !lines[..number].contains(line));
    }
    assert!(lines[8].contains("too many") && lines[9].contains('7'));
}

#[test]
fn failure_of_a_log_is_the_cause() {
    let error = RecvError::Failed(io::Error::other("disk full"));
    let cause = error.source().unwrap();
    assert!(cause.downcast_ref::<io::Error>().is_some());
    assert!(RecvError::<io::Error>::Closed.source().is_none());
}

/// It cannot be shown.
struct Secret;

#[test]
fn handles_can_be_shown_whatever_the_events_are() {
    let mut log = Publisher::<Secret>::new();
    let mut reader = log.source().subscribe();
    log.append(3, Secret).unwrap();
    let shown = [
        format!("{:?}", Publisher::<Secret>::builder()),
        format!("{log:?}"),
        format!("{:?}", log.source()),
        format!("{:?}", log.position()),
        format!("{reader:?}"),
        format!("{:?}", reader.next()),
        format!("{:?}", reader.next_slice()),
        format!("{:?}", reader.closer()),
        format!("{:?}", log.append(3, Secret).unwrap_err()),
        format!("{:?}", reader.into_stream()),
    ];
    assert!(shown.iter().all(|shown| !shown.is_empty()));
    assert!(shown[1].contains('3') && shown[8].contains('3'));
}

#[test]
fn events_are_shown_where_they_can_be() {
    let mut log = Publisher::<u64>::new();
    let mut reader = log.source().subscribe();
    log.append_all(3, [10, 20]).unwrap();
    let entry = format!("{:?}", reader.clone().try_next().unwrap().unwrap());
    assert!(entry.contains("10") && entry.contains('3'), "{entry}");
    let slice = format!("{:?}", reader.try_next_slice().unwrap().unwrap());
    assert!(slice.contains("10"), "{slice}");
}

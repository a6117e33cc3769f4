//! Settings that make no sense, and what is built.
//!
//! * A maximum or a time of zero is refused; so is a batcher with nothing to run calls or timers on.
//! * No runtime has to be there to build one.

use std::time::Duration;

use forebay_batch::{Batcher, ConfigError, Dispatch};
use forebay_testkit::HandRuntime;

use crate::backend::Backend;
use crate::scene::Plain;

fn error_of(settings: impl FnOnce(Plain) -> Plain) -> Option<ConfigError> {
    let builder = Batcher::builder(Backend::held()).runtime(HandRuntime::default());
    settings(builder).build().err()
}

const fn zero(setting: &'static str) -> Option<ConfigError> {
    Some(ConfigError::Zero { setting })
}

#[test]
fn maximum_of_zero_is_refused() {
    assert_eq!(error_of(|builder| builder.max_batch(0)), zero("max_batch"));
    assert_eq!(
        error_of(|builder| builder.max_in_flight(0)),
        zero("max_in_flight")
    );
    assert_eq!(
        error_of(|builder| builder.max_waiting(0)),
        zero("max_waiting")
    );
    assert_eq!(
        error_of(|builder| builder.dispatch(Dispatch::MinSize(0))),
        zero("dispatch")
    );
    assert_eq!(
        error_of(|builder| builder.max_batch(0).inline()),
        zero("max_batch")
    );
}

#[test]
fn time_of_zero_is_refused() {
    let window = Dispatch::Window(Duration::ZERO);
    assert_eq!(
        error_of(|builder| builder.dispatch(window)),
        zero("dispatch")
    );
    assert_eq!(
        error_of(|builder| builder.call_timeout(Duration::ZERO)),
        zero("call_timeout")
    );
}

#[test]
fn smallest_and_largest_settings_are_accepted() {
    let smallest = |builder: Plain| {
        builder
            .max_batch(1)
            .max_in_flight(1)
            .max_waiting(1)
            .gather(0)
            .call_timeout(Duration::from_nanos(1))
            .dispatch(Dispatch::Window(Duration::from_nanos(1)))
    };
    assert_eq!(error_of(smallest), None);
    let largest = |builder: Plain| {
        builder
            .max_batch(usize::MAX)
            .max_in_flight(usize::MAX)
            .max_waiting(usize::MAX)
            .gather(u32::MAX)
            .call_timeout(Duration::MAX)
            .dispatch(Dispatch::Window(Duration::MAX))
    };
    assert_eq!(error_of(largest), None);
}

#[cfg(not(feature = "tokio"))]
#[test]
fn batcher_with_nothing_to_run_on_is_refused() {
    let missing = Some(ConfigError::RuntimeMissing);
    let builder = || Batcher::builder(Backend::<u32>::held());
    assert_eq!(builder().build().err(), missing);
    assert_eq!(builder().inline().build().err(), None);
    // Callers carry calls out, but nobody tells the time.
    let second = Duration::from_secs(1);
    let timed = builder().inline().call_timeout(second);
    assert_eq!(timed.build().err(), missing);
    let timed = builder().inline().dispatch(Dispatch::Window(second));
    assert_eq!(timed.build().err(), missing);
}

#[test]
fn builder_shows_its_settings() {
    let builder = Batcher::builder(Backend::<u32>::held())
        .name("users")
        .max_batch(77);
    let text = format!("{builder:?}");
    assert!(text.contains("users") && text.contains("77"), "{text}");
}

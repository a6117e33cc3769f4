use std::time::Duration;

use forebay_snapshot::{ConfigError, Limits, SessionConfig, Trust};

type Change = fn(SessionConfig) -> SessionConfig;

fn refused(change: impl Fn(SessionConfig) -> SessionConfig) -> Option<ConfigError> {
    change(SessionConfig::new()).check().err()
}

#[test]
fn a_setting_with_which_nothing_could_happen_is_refused() {
    let zero = Duration::ZERO;
    let second = Duration::from_secs(1);
    let changes: [(&str, Change); 7] = [
        ("request_timeout", |config| {
            config.request_timeouts(Duration::ZERO, Duration::MAX)
        }),
        ("fetch_timeout_min", |config| {
            config.fetch_timeouts(Duration::ZERO, Duration::MAX)
        }),
        ("stall_timeout", |config| {
            config.stall_timeout(Duration::ZERO)
        }),
        ("window_max", |config| config.window_max(0)),
        ("fetch_bytes", |config| config.fetch_bytes(0)),
        ("spool_bytes_max", |config| config.spool_bytes_max(0)),
        ("entries_max", |config| config.entries_max(0)),
    ];
    for (setting, change) in changes {
        assert_eq!(refused(change), Some(ConfigError::Zero { setting }));
    }
    let deadline = refused(|config| config.deadline(zero));
    assert_eq!(
        deadline,
        Some(ConfigError::Zero {
            setting: "deadline"
        })
    );
    let order = refused(|config| config.request_timeouts(second * 2, second));
    assert_eq!(
        order,
        Some(ConfigError::TooLarge {
            setting: "request_timeout",
            max: 1_000
        })
    );
    let order = refused(|config| config.fetch_timeouts(second * 2, second));
    assert_eq!(
        order,
        Some(ConfigError::TooLarge {
            setting: "fetch_timeout_min",
            max: 1_000
        })
    );
}

#[test]
fn settings_are_these_unless_others_are_given() {
    let (millis, secs) = (Duration::from_millis, Duration::from_secs);
    let limits = Limits::new().piece_bytes_max(1 << 20).pages_max(1 << 14);
    let expected = SessionConfig::new()
        .trust(Trust::Quorum)
        .offer_window(millis(50))
        .request_timeouts(secs(1), secs(30))
        .fetch_timeouts(millis(250), secs(30))
        .stall_timeout(secs(15))
        .window_max(8)
        .fetch_bytes(256 << 10)
        .limits(limits)
        .spool_bytes_max(1 << 30)
        .entries_max(1 << 16);
    assert_eq!(SessionConfig::new(), expected);
    assert_ne!(
        SessionConfig::new().deadline(secs(86_400)),
        expected,
        "there is no deadline"
    );
}

#[test]
fn a_piece_must_fit_into_the_spool() {
    let min = 1 << 20;
    let small = refused(|config| config.spool_bytes_max(min - 1));
    assert_eq!(
        small,
        Some(ConfigError::TooSmall {
            setting: "spool_bytes_max",
            min
        })
    );
    assert!(refused(|config| config.limits(Limits::new().pages_max(0))).is_some());
}

#[test]
fn no_duration_is_too_long() {
    let config = SessionConfig::new()
        .stall_timeout(Duration::MAX)
        .offer_window(Duration::MAX)
        .request_timeouts(Duration::MAX, Duration::MAX)
        .fetch_timeouts(Duration::MAX, Duration::MAX)
        .deadline(Duration::MAX);
    let catalogue = crate::catalogue::Catalogue::with_chunks(5);
    let mut host = crate::host::Host::listing(config, 3, &catalogue);
    host.serve(&catalogue);
    host.finish(crate::host::anchor(10), &catalogue);
}

use std::time::Duration;

use forebay_snapshot::driver::DriverConfig;
use forebay_snapshot::{ConfigError, Limits};

#[test]
fn settings_with_which_nothing_could_happen_are_refused() {
    let new = DriverConfig::new;
    assert_eq!(new().linger(Duration::ZERO).check(), Ok(()));
    for (setting, config) in [
        ("queue_max", new().queue_max(0)),
        ("connections_max", new().connections_max(0)),
        ("work_items_max", new().work_items_max(0)),
        ("write_timeout", new().write_timeout(Duration::ZERO)),
        ("pages_max", new().limits(Limits::new().pages_max(0))),
    ] {
        assert_eq!(config.check(), Err(ConfigError::Zero { setting }));
    }
    let huge = new().queue_max(usize::MAX).check();
    assert!(
        matches!(huge, Err(ConfigError::TooLarge { .. })),
        "{huge:?}"
    );
}

#[test]
fn settings_are_these_unless_others_are_given() {
    let expected = DriverConfig::new()
        .queue_max(16)
        .connections_max(256)
        .work_items_max(1_000)
        .write_timeout(Duration::from_secs(30))
        .linger(Duration::from_secs(5))
        .limits(Limits::new());
    assert_eq!(DriverConfig::new(), expected);
}

//! How often something changes, as the page counts it.

use serde_json::Value;

use crate::browser::{Browser, WHOLE};
use crate::site::{Site, status};

/// What comes in a moment would be shown as a flood, beside which all that follows is nothing.
#[test]
fn rate_is_told_when_it_was_counted_for_a_second() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let site = Site::start(status(), None);
    browser.open(&site.address);
    browser.until(WHOLE);
    let mut after = |samples: &str, changes: u32, milliseconds: u32| {
        browser.evaluate(&format!("perSecond({samples}, {changes}, {milliseconds})"))
    };
    assert_eq!(after("[]", 6_000, 0), Value::Null);
    assert_eq!(after("[[0, 6000]]", 6_500, 10), Value::Null);
    assert_eq!(after("[[0, 6000]]", 6_500, 2_000), 250);
    // Five seconds are enough.
    assert_eq!(after("[[0, 0], [4000, 900]]", 1_000, 6_000), 50);
    // Another run of a service may have less.
    assert_eq!(after("[[0, 6000]]", 10, 2_000), 0);
    assert_eq!(browser.evaluate("rate(null)"), "–");
    assert_eq!(browser.evaluate("rate(0)"), "0");
}

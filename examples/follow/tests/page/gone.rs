//! A service that goes away.

use std::convert::Infallible;

use axum::Router;
use axum::response::Html;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures_util::stream::{self, StreamExt};
use tokio::runtime::Runtime;

use crate::browser::{Browser, WHOLE};
use crate::process::{self, Service};
use crate::site::{self, Site, status};

const HTML: &str = include_str!("../../page/index.html");

const LIVE: &str = "document.body.dataset.link === 'live'";
const GONE: &str = "document.body.dataset.link === 'gone'";

#[test]
fn page_goes_on_when_a_service_is_back_that_was_killed() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), process::address());
    let address = service.address;
    browser.open(&format!("http://{address}/"));
    browser.until(WHOLE);
    assert_eq!(browser.texts("#topics"), ["There are no topics yet."]);
    service.set("web/color", "blue");
    browser.until("document.querySelector('#topics th').textContent === 'web'");
    assert_eq!(browser.texts("#topics td.number")[..2], ["1", "1"]);
    assert_eq!(browser.complaints, Vec::<String>::new());

    service.kill();
    browser.until(GONE);
    let said = browser.texts("#banner");
    assert!(said[0].starts_with("The service is gone."), "{said:?}");
    assert_eq!(
        browser.evaluate("document.querySelector('#banner').checkVisibility()"),
        true
    );
    // What was known stays to be read.
    assert_eq!(browser.texts("#topics th"), ["web"]);

    let service = Service::start(folder.path(), address);
    browser.until(LIVE);
    assert_eq!(
        browser.evaluate("document.querySelector('#banner').checkVisibility()"),
        false
    );
    service.set("db/host", "one");
    browser.until("document.querySelectorAll('#topics th').length === 2");
    assert_eq!(browser.texts("#topics th"), ["db", "web"]);
    assert_eq!(
        browser.texts("#log li span")[..2],
        ["the service is back", "the service is gone"]
    );
    // That nobody answered is no fault of the page.
    let is_ours = |complaint: &&String| !complaint.contains("\"source\":\"network\"");
    assert_eq!(browser.complaints.iter().filter(is_ours).count(), 0);
}

#[test]
fn page_says_that_the_service_ends() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let site = Site::start(status(), None);
    browser.open(&site.address);
    browser.until(LIVE);
    site.page.close();
    browser.until(GONE);
    let said = browser.texts("#banner");
    assert!(
        said[0].starts_with("The service is shutting down."),
        "{said:?}"
    );
    assert_eq!(browser.texts("#link"), ["gone"]);
    assert_eq!(browser.evaluate("document.title"), "gone – follow");
}

#[test]
fn page_says_that_the_service_says_nothing_any_more() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let runtime = Runtime::new().unwrap();
    let silent = async || {
        let one = Event::default().event("snapshot").data("{}");
        let one = stream::iter([Ok::<_, Infallible>(one)]);
        Sse::new(one.chain(stream::pending()))
    };
    let routes = Router::new()
        .route("/", get(async || Html(HTML)))
        .route("/status", get(silent));
    let address = site::serve(&runtime, routes);
    browser.open(&format!("http://{address}/"));
    browser.until(LIVE);
    browser.evaluate("(() => { const now = Date.now; Date.now = () => now() + 60000; })()");
    // It tries again at once, and is answered, so the line is what stays.
    browser.until("document.querySelectorAll('#log li').length >= 2");
    let lines = browser.texts("#log li span");
    assert_eq!(
        lines[lines.len() - 2..],
        ["the service is back", "the service is gone"]
    );
}

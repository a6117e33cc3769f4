use forebay_core::Cursor;
use forebay_example_follow::client::{Client, ClientError};
use forebay_example_follow::worker;
use hyper::StatusCode;

use crate::site::{Logged, Site, applied, wait_until};

const OF_ANOTHER_LOG: &str = "0000000000000001-1";

impl Site {
    async fn refusal(&self, path: &str, last: &str) -> StatusCode {
        let client = Client::connect(self.address).await.unwrap();
        match client.events(path, Some(last)).await {
            Err(ClientError::Status(status)) => status,
            other => panic!("{path} after {last}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_position_that_is_none_is_refused_with_one_line() {
    let site = Site::start(&[]).await;
    for path in ["/log", "/watch/web", "/watch/web/color"] {
        for last in [
            "7",
            "x-1",
            "0000000000000001-",
            "0000000000000001-99999999999999999999",
        ] {
            assert_eq!(site.refusal(path, last).await, StatusCode::BAD_REQUEST);
            let line = site.service.line().await;
            let expected = format!("WARN GET {path}: 400 the last event id was not given out here");
            assert_eq!(line, expected);
        }
    }
}

#[tokio::test]
async fn the_log_does_not_go_on_from_a_position_that_is_stale() {
    let site = Site::start(&["--trailing=10"]).await;
    let first = site.set("web/color", "0").await;
    assert_eq!(site.refusal("/log", OF_ANOTHER_LOG).await, StatusCode::GONE);
    let line = "WARN GET /log: 410 the log does not go on from there; begin anew";
    assert_eq!(site.service.line().await, line);
    let not_yet = first.replace("-1", "-2");
    assert_eq!(site.refusal("/log", &not_yet).await, StatusCode::GONE);
    assert_eq!(site.service.line().await, line);

    // More than the segments hold that are kept with the last ten.
    for value in 1..=1_200 {
        site.set("web/color", &value.to_string()).await;
    }
    wait_until("the log is shortened", async || {
        let client = Client::connect(site.address).await.unwrap();
        let events = client.events("/log", Some(&first)).await;
        matches!(events, Err(ClientError::Status(StatusCode::GONE)))
    })
    .await;
    // What it is told to do instead works.
    let events = site.events("/log", None, 2).await;
    assert_eq!((&*events[0].name, &*events[1].name), ("snapshot", "begin"));
    assert!(events[0].data.contains("1200"));
}

#[tokio::test]
async fn a_watcher_with_a_stale_position_starts_anew_and_one_that_is_not_goes_on() {
    let site = Site::start(&["--window=10"]).await;
    site.set("web/color", "0").await;
    let names = |events: &[forebay_example_follow::client::Event]| {
        events
            .iter()
            .map(|event| event.name.clone())
            .collect::<Vec<_>>()
    };
    let begun = site.events("/watch/web/color", None, 2).await;
    assert_eq!(names(&begun), ["snapshot", "end-of-snapshot"]);
    let last = begun[1].id.clone().unwrap();

    site.set("web/color", "1").await;
    let on = site.events("/watch/web/color", Some(&last), 1).await;
    assert_eq!(names(&on), ["change"]);
    for value in 2..=1_200 {
        site.set("web/color", &value.to_string()).await;
    }
    for stale in [&*last, OF_ANOTHER_LOG] {
        let anew = site.events("/watch/web/color", Some(stale), 3).await;
        assert_eq!(
            names(&anew),
            ["new-snapshot", "snapshot", "end-of-snapshot"]
        );
        assert!(anew[1].data.contains("1200"));
    }
    // Being away for long is no mistake.
    assert!(site.service.lines().is_empty());
}

#[tokio::test]
async fn a_worker_that_was_away_for_too_long_begins_with_the_state() {
    let site = Site::start(&["--trailing=10"]).await;
    let mut worker = Logged::start("worker", &site.worker_arguments());
    let file = site.path("applied.jsonl");
    let begun = site.set("web/color", "0").await;
    wait_until("it applies", async || !applied(&file).is_empty()).await;
    let committed = async || worker::committed(&site.path("positions.ckpt"), "worker").unwrap();
    let begun: Cursor = begun.parse().unwrap();
    wait_until("it commits", async || committed().await == Some(begun)).await;
    worker.process.kill().await.unwrap();
    for value in 1..=1_200 {
        site.set("web/color", &value.to_string()).await;
    }
    let is_stale = async || {
        let client = Client::connect(site.address).await.unwrap();
        let events = client.events("/log", Some(&begun.to_string())).await;
        matches!(events, Err(ClientError::Status(StatusCode::GONE)))
    };
    wait_until("the log is shortened", is_stale).await;

    let _worker = Logged::start("worker", &site.worker_arguments());
    wait_until("it has the state", async || applied(&file) == ["1200"]).await;
    site.set("web/color", "1201").await;
    wait_until("it goes on", async || applied(&file) == ["1200", "1201"]).await;
}

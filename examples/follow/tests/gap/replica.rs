use std::net::SocketAddr;
use std::path::Path;

use forebay_core::Cursor;
use forebay_example_follow::client::Client;
use forebay_example_follow::peers::LEADER;
use forebay_example_follow::process::{self, Process};
use hyper::Method;
use serde_json::Value;

use crate::service::{Service, at};

const NAME: &str = "replica";

/// A replica and what it follows.
struct Stage {
    service: Service,
    replica: Process,
    reads: SocketAddr,
}

impl Stage {
    async fn start() -> Self {
        let service = Service::start(NAME).await;
        let arguments = [
            "replica".to_owned(),
            format!("--name={NAME}"),
            format!("--service={}", service.address),
            format!("--peer={LEADER}={}", service.snapshots),
        ];
        let program = Path::new(env!("CARGO_BIN_EXE_follow"));
        let mut replica = Process::start(program, NAME, &arguments).unwrap();
        let reads = replica.wait_for("listening on http://").await.unwrap();
        Self {
            service,
            replica,
            reads: reads.parse().unwrap(),
        }
    }

    /// Waits until the replica says that it follows, and checks from where on.
    async fn follows(&mut self, cursor: Cursor) {
        let from = self.replica.wait_for("following").await.unwrap();
        assert_eq!(from, cursor.to_string());
    }

    /// Waits until a session begins.
    async fn asks_for_a_snapshot(&mut self) {
        while !self
            .replica
            .wait_for("progress")
            .await
            .unwrap()
            .ends_with("Requesting")
        {}
    }

    /// Waits until the replica shows a position, and checks what is there.
    async fn shows(&self, cursor: Cursor, color: &str) {
        let mut shown = Value::Null;
        let is_there = process::wait_until("the replica is there", async || {
            let mut client = Client::connect(self.reads).await?;
            let (_, body) = client.request(Method::GET, "/config", "").await?;
            shown = serde_json::from_slice(&body)?;
            Ok(shown["position"] == cursor.to_string())
        });
        is_there.await.unwrap();
        assert_eq!(shown["topics"]["web"]["color"], color);
    }

    /// Waits until nobody needs the log up to there, and forgets it.
    async fn prune(&self, sequence: u64) {
        let pruned = process::wait_until("the log is of no use", async || {
            Ok(self.service.prune(sequence).await)
        });
        pruned.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_that_shows_when_the_session_has_ended_makes_another_one() {
    let mut stage = Stage::start().await;
    let asked = stage.service.asked().await;
    assert_eq!(asked.after, None);
    let _before = asked.begins(at(10));
    let marker = stage.service.marker().await;
    stage.service.take(marker, 11, "red").await;
    stage.follows(at(11)).await;

    // What came in the meantime was for nobody, so it is asked for; but is not there any more.
    let asked = stage.service.asked().await;
    assert_eq!(asked.after, Some(at(11)));
    stage.prune(20).await;
    asked.goes_stale();
    let asked = stage.service.asked().await;
    assert_eq!(asked.after, None);
    let _between = asked.begins(at(20));
    let marker = stage.service.marker().await;
    stage.service.take(marker, 21, "green").await;
    stage.follows(at(21)).await;

    let asked = stage.service.asked().await;
    assert_eq!(asked.after, Some(at(21)));
    // A session that began now would not end: the leader has nothing to offer.
    stage.prune(40).await;
    let tail = asked.begins(at(21));
    stage.follows(at(21)).await;
    stage.shows(at(21), "green").await;
    tail.paint(at(22), "blue");
    stage.shows(at(22), "blue").await;
    assert_eq!((stage.service.opened, stage.service.fed), (4, 2));
    stage.service.was_asked_no_more();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_after_a_gap_is_not_applied() {
    let mut stage = Stage::start().await;
    let tail = stage.service.asked().await.begins(at(0));
    stage.follows(at(0)).await;
    tail.paint(at(1), "red");
    tail.paint(at(2), "green");
    tail.paint(at(4), "blue");

    let asked = stage.service.asked().await;
    assert_eq!(asked.after, Some(at(2)));
    stage.shows(at(2), "green").await;
    asked.goes_stale();
    let _between = stage.service.asked().await.begins(at(9));
    let marker = stage.service.marker().await;
    stage.service.take(marker, 10, "black").await;
    stage.follows(at(10)).await;
    let asked = stage.service.asked().await;
    stage.prune(40).await;
    let tail = asked.begins(at(10));
    stage.follows(at(10)).await;
    tail.paint(at(11), "white");
    stage.shows(at(11), "white").await;
    assert_eq!((stage.service.opened, stage.service.fed), (4, 1));
    stage.service.was_asked_no_more();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_in_the_middle_of_a_session_ends_it_for_another_one() {
    let mut stage = Stage::start().await;
    let before = stage.service.asked().await.begins(at(10));
    before.paint(at(11), "red");
    stage.asks_for_a_snapshot().await;
    let marker = stage.service.marker().await;
    drop(before);

    let asked = stage.service.asked().await;
    assert_eq!(asked.after, Some(at(11)));
    asked.goes_stale();
    let asked = stage.service.asked().await;
    assert_eq!(asked.after, None);
    let _between = asked.begins(at(30));
    stage.asks_for_a_snapshot().await;
    // The log that the first session has kept would follow on this; what comes now does not.
    stage.service.take(marker, 10, "black").await;
    stage.follows(at(10)).await;

    let asked = stage.service.asked().await;
    assert_eq!(asked.after, Some(at(10)));
    stage.prune(30).await;
    asked.goes_stale();
    let after = stage.service.asked().await.begins(at(30));
    let marker = stage.service.marker().await;
    stage.service.take(marker, 30, "green").await;
    stage.follows(at(30)).await;
    after.paint(at(31), "blue");
    stage.shows(at(31), "blue").await;
    assert_eq!((stage.service.opened, stage.service.fed), (5, 2));
    stage.service.was_asked_no_more();
}

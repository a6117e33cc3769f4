use std::fs;

use forebay_example_follow::process::free_addresses;
use hyper::{Method, StatusCode};

use crate::site::{Logged, Site, applied, spawn, wait_until};

#[tokio::test]
async fn without_room_writes_are_refused_and_reads_go_on() {
    let site = Site::start(&[]).await;
    site.set("web/color", "blue").await;
    site.service.limit("0").await;
    for _ in 0..3 {
        let status = site.ask(Method::PUT, "/config/web/color", "red").await;
        assert!([503, 507].contains(&status.as_u16()), "{status}");
    }
    // One line, for all that were refused.
    let line = site.service.line().await;
    assert!(line.starts_with("ERROR writes are refused: "), "{line}");
    let (_, value) = site.answer(Method::GET, "/config/web/color", "").await;
    assert_eq!(value, "blue");

    site.service.limit("unlimited").await;
    site.set("web/color", "green").await;
    assert_eq!(site.service.line().await, "INFO writes are accepted again");
    let (_, value) = site.answer(Method::GET, "/config/web/color", "").await;
    assert_eq!(value, "green");
    // Nothing of what was refused has got into the log.
    let events = site.events("/log?from=oldest", None, 3).await;
    let values: Vec<_> = events.iter().map(|event| &*event.data).collect();
    assert!(
        values[1].contains("blue") && values[2].contains("green"),
        "{values:?}"
    );
}

#[tokio::test]
async fn a_database_that_is_full_says_so_and_is_not_when_something_is_deleted() {
    let site = Site::start(&["--database-bytes-max=262144", "--trailing=1"]).await;
    let value = "x".repeat(60_000);
    let mut set = 0;
    let refused = loop {
        let path = format!("/config/web/key-{set}");
        match site.ask(Method::PUT, &path, value.clone()).await {
            StatusCode::OK => set += 1,
            status => break status,
        }
    };
    assert_eq!(refused, StatusCode::INSUFFICIENT_STORAGE);
    assert!(set > 0);
    assert_eq!(
        site.service.line().await,
        "ERROR writes are refused: the disk or the database is full"
    );
    // The log is shortened in a while, which makes room as well.
    wait_until("there is room", async || {
        let deleted = site.ask(Method::DELETE, "/config/web/key-0", "").await;
        deleted == StatusCode::OK
    })
    .await;
    site.set("web/small", "x").await;
}

#[tokio::test]
async fn a_database_that_is_taken_away_is_missed_and_found_again() {
    let site = Site::start(&[]).await;
    site.set("web/color", "blue").await;
    let (there, away) = (site.path("config.sqlite"), site.path("away"));
    fs::rename(&there, &away).unwrap();
    for _ in 0..3 {
        let status = site.ask(Method::PUT, "/config/web/color", "red").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }
    let line = site.service.line().await;
    let expected = format!(
        "ERROR writes are refused: {} is not the file it was",
        there.display()
    );
    assert_eq!(line, expected);
    let (_, value) = site.answer(Method::GET, "/config/web/color", "").await;
    assert_eq!(value, "blue");

    fs::rename(&away, &there).unwrap();
    site.set("web/color", "green").await;
    assert_eq!(site.service.line().await, "INFO writes are accepted again");
}

#[tokio::test]
async fn a_worker_without_room_waits_for_it_and_loses_nothing() {
    let site = Site::start(&[]).await;
    let worker = Logged::start("worker", &site.worker_arguments());
    let file = site.path("applied.jsonl");
    site.set("web/color", "0").await;
    wait_until("it applies", async || !applied(&file).is_empty()).await;
    worker.limit("1").await;
    site.set("web/color", "1").await;
    site.set("web/color", "2").await;
    let mut lines = Vec::new();
    wait_until("it says so", async || {
        lines.extend(worker.lines());
        !lines.is_empty()
    })
    .await;
    assert!(lines[0].contains("cannot"), "{lines:?}");
    assert_eq!(applied(&file), ["0"]);

    worker.limit("unlimited").await;
    wait_until("it goes on", async || applied(&file).len() == 3).await;
    assert_eq!(applied(&file), ["0", "1", "2"]);
    lines.extend(worker.lines());
    // One for what could not be applied, and one for what could not be committed, at most.
    assert!(lines.len() <= 2, "{lines:#?}");
}

#[tokio::test]
async fn a_worker_whose_positions_are_something_else_says_so_and_ends() {
    let site = Site::start(&[]).await;
    let positions = site.path("positions.ckpt");
    fs::write(&positions, "a letter to somebody\n".repeat(100)).unwrap();
    let mut worker = Logged::start("worker", &site.worker_arguments());
    assert!(!worker.process.wait().await.unwrap());
    let line = worker.line().await;
    assert!(
        line.starts_with("ERROR ") && line.contains("positions.ckpt"),
        "{line}"
    );
    // It has not touched what is not its own.
    assert!(
        fs::read_to_string(positions)
            .unwrap()
            .starts_with("a letter")
    );
}

#[tokio::test]
async fn a_log_without_room_ends_nobody() {
    let mut site = Site::start(&[]).await;
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let [address] = free_addresses().unwrap();
    let database = site.path("other.sqlite");
    let arguments = [
        "service".to_owned(),
        format!("--listen={address}"),
        format!("--database={}", database.display()),
    ];
    let mut service = spawn("service", &arguments, full.into());
    service.wait_for("listening").await.unwrap();
    site.address = address;
    for _ in 0..2 {
        let status = site.ask(Method::GET, "/nowhere", "").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}

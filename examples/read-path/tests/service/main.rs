//! The service and the load generator, run as a user would run them.

mod programs;
mod served;

use std::fs;
use std::process::Command;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use forebay_example_read_path::database::{Database, User};
use forebay_example_read_path::report::Counters;
use forebay_example_read_path::service::OrderView;
use hyper::StatusCode;

use crate::served::{PATIENT, Served};

/// Nothing that is waited for here takes so long, on any machine.
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::test]
async fn rows_are_served_with_what_they_name() {
    // With more threads, one of them may ask for the one user before another wants both.
    let command = &mut Command::new(env!("CARGO_BIN_EXE_serve"));
    let served = Served::spawn(command.args(PATIENT).env("TOKIO_WORKER_THREADS", "1"));
    let (status, body) = served.get("/users/7").await;
    assert_eq!(status, StatusCode::OK);
    let user: User = serde_json::from_slice(&body).unwrap();
    let named = |id: i64| User {
        id,
        name: format!("user {id}"),
    };
    assert_eq!(user, named(7));

    let (status, body) = served.get("/orders/10").await;
    assert_eq!(status, StatusCode::OK);
    let order: OrderView = serde_json::from_slice(&body).unwrap();
    let expected = OrderView {
        id: 10,
        buyer: Some(named(71)),
        seller: Some(named(311)),
        cents: 1_000,
    };
    assert_eq!(order, expected);
    // One statement for the user, one for the order, and one for both of its users.
    let expected = Counters {
        asked: 4,
        shared: 0,
        keys: 4,
        statements: 3,
    };
    assert_eq!(served.counters().await, expected);
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.sqlite");
    Database::create(&path, 2, 3).unwrap();
    let shop = rusqlite::Connection::open(&path).unwrap();
    shop.execute("UPDATE orders SET seller = 99 WHERE id = 3", [])
        .unwrap();
    let served = Served::over(&path);

    let (status, body) = served.get("/orders/3").await;
    assert_eq!(status, StatusCode::OK);
    let order: OrderView = serde_json::from_slice(&body).unwrap();
    assert_eq!(order.seller, None);
    assert!(order.buyer.is_some());

    let too_large = "/users/9223372036854775808";
    for (path, expected) in [
        ("/users/3", StatusCode::NOT_FOUND),
        ("/users/-1", StatusCode::NOT_FOUND),
        ("/orders/4", StatusCode::NOT_FOUND),
        ("/users/seven", StatusCode::BAD_REQUEST),
        ("/orders/1%3B", StatusCode::BAD_REQUEST),
        ("/orders/1.5", StatusCode::BAD_REQUEST),
        (too_large, StatusCode::BAD_REQUEST),
        ("/users/%ff", StatusCode::BAD_REQUEST),
        ("/users/%00", StatusCode::BAD_REQUEST),
        ("/users", StatusCode::NOT_FOUND),
        ("/users/1/orders", StatusCode::NOT_FOUND),
    ] {
        let (status, body) = served.get(path).await;
        assert_eq!(status, expected, "{path}");
        let error: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert!(error["error"].is_string(), "{path}: {error}");
    }
    assert_eq!(served.log(), "");
}

#[tokio::test]
async fn a_database_that_is_killed_costs_one_line_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.sqlite");
    Database::create(&path, 2, 3).unwrap();
    let served = Served::over(&path);
    assert_eq!(served.get("/users/1").await.0, StatusCode::OK);

    let shop = rusqlite::Connection::open(&path).unwrap();
    shop.execute_batch("PRAGMA journal_mode = DELETE").ok();
    shop.execute("ALTER TABLE users RENAME TO lost", [])
        .unwrap();
    let (status, body) = served.get("/users/1").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let error: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(error["error"], "the database failed");
    // What does not need that table is served as before, and what failed is not kept.
    assert_eq!(served.get("/orders/9").await.0, StatusCode::NOT_FOUND);
    shop.execute("ALTER TABLE lost RENAME TO users", [])
        .unwrap();
    assert_eq!(served.get("/users/1").await.0, StatusCode::OK);

    let log = served.log();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("the database failed: no such table"), "{log}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_no_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.sqlite");
    let served = Served::over(&path);
    assert_eq!(
        served.get("/users/1").await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert!(!path.exists());
    Database::create(&path, 2, 3).unwrap();
    assert_eq!(served.get("/users/1").await.0, StatusCode::OK);
    fs::write(&path, "no database").unwrap();
    assert_eq!(served.log().lines().count(), 1);
}

#[tokio::test]
async fn a_file_that_is_no_database_costs_one_line_and_may_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.sqlite");
    fs::write(&path, "this is no database, whatever it is called").unwrap();
    let served = Served::over(&path);
    let (status, _) = served.get("/users/1").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    // It serves what needs no database.
    assert_eq!(served.get("/metrics").await.0, StatusCode::OK);
    fs::remove_file(&path).unwrap();
    Database::create(&path, 2, 3).unwrap();
    assert_eq!(served.get("/users/1").await.0, StatusCode::OK);
    let log = served.log();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("file is not a database"), "{log}");
}

#[tokio::test]
async fn a_statement_that_takes_too_long_costs_one_line_however_many_wait() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.sqlite");
    Database::create(&path, 2, 3).unwrap();
    let shop = rusqlite::Connection::open(&path).unwrap();
    shop.pragma_update(None, "journal_mode", "DELETE").unwrap();
    let arguments = ["--database", path.to_str().unwrap()];
    let served = Served::spawn(Command::new(env!("CARGO_BIN_EXE_serve")).args(arguments));
    assert_eq!(served.get("/users/1").await.0, StatusCode::OK);

    shop.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let (one, other) = tokio::join!(served.get("/users/1"), served.get("/users/1"));
    for (status, body) in [one, other] {
        assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
        let error: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(error["error"], "the database is too slow");
    }
    shop.execute_batch("ROLLBACK").unwrap();
    assert_eq!(served.get("/users/1").await.0, StatusCode::OK);
    // The other one has come while the first waited, unless it was held up for that long.
    let shared = served.counters().await.shared;
    let log = served.log();
    assert_eq!(log.lines().count() as u64, 2 - shared, "{log}");
    for line in log.lines() {
        assert!(
            line.contains("a statement on users was given up after "),
            "{log}"
        );
    }
}

/// A thread that went on would be missing to the statements that come later.
#[test]
fn a_statement_that_nobody_waits_for_any_more_does_not_wait_for_a_lock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.sqlite");
    let database = Database::create(&path, 2, 3).unwrap();
    let shop = rusqlite::Connection::open(&path).unwrap();
    shop.pragma_update(None, "journal_mode", "DELETE").unwrap();
    shop.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut statement = Box::pin(database.users(&[1]));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(statement.as_mut().poll(&mut cx).is_pending());
    });
    // It waits for the threads that block.
    let (ended, is_ended) = mpsc::channel();
    thread::spawn(move || {
        drop(runtime);
        ended.send(()).unwrap();
    });
    is_ended.recv_timeout(PATIENCE).unwrap();
    shop.execute_batch("ROLLBACK").unwrap();
}

/// A service that reads needs room only where SQLite opens a database of this kind anew.
#[tokio::test]
async fn a_full_disk_costs_one_line_and_is_overcome_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.sqlite");
    Database::create(&path, 2, 3).unwrap();
    let served = Served::without_room(&path);
    let (status, body) = served.get("/users/1").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let error: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(error["error"], "the database failed");
    assert_eq!(served.get("/metrics").await.0, StatusCode::OK);

    served.make_room();
    assert_eq!(served.get("/users/1").await.0, StatusCode::OK);
    let log = served.log();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("the database failed: disk I/O error"), "{log}");
}

//! The service and the load generator, run as a user would run them.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use forebay_example_read_path::client::Client;
use forebay_example_read_path::database::{Database, User};
use forebay_example_read_path::report::Counters;
use forebay_example_read_path::service::OrderView;
use hyper::StatusCode;
use hyper::body::Bytes;

/// A service of its own, killed when it is dropped.
struct Served {
    process: Child,
    address: SocketAddr,
}

impl Served {
    fn start(arguments: &[&str]) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_serve")).args(arguments))
    }

    /// None of its files may grow by a byte.
    fn without_room(database: &Path) -> Self {
        let limited = "trap '' XFSZ; ulimit -S -f 0; exec \"$@\"";
        let service = ["sh", env!("CARGO_BIN_EXE_serve"), "--database"];
        let command = &mut Command::new("sh");
        Self::spawn(command.args(["-c", limited]).args(service).arg(database))
    }

    fn make_room(&self) {
        let process = self.process.id().to_string();
        let unlimited = ["--fsize=unlimited", "--pid", &process];
        let status = Command::new("prlimit").args(unlimited).status();
        assert!(status.unwrap().success());
    }

    fn spawn(command: &mut Command) -> Self {
        let mut process = command
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        let address = address.parse().unwrap();
        Self { process, address }
    }

    fn over(database: &Path) -> Self {
        Self::start(&["--database", database.to_str().unwrap()])
    }

    async fn get(&self, path: &str) -> (StatusCode, Bytes) {
        let mut client = Client::connect(self.address).await.unwrap();
        client.get(path).await.unwrap()
    }

    async fn counters(&self) -> Counters {
        let (status, body) = self.get("/metrics").await;
        assert_eq!(status, StatusCode::OK);
        Counters::parse(std::str::from_utf8(&body).unwrap())
    }

    /// Kills it and returns what it logged.
    fn log(mut self) -> String {
        self.process.kill().unwrap();
        let mut log = String::new();
        let stderr = self.process.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn rows_are_served_with_what_they_name() {
    let served = Served::start(&[]);
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
    let served = Served::over(&path);
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
    let log = served.log();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(
        log.contains("a statement on users took more than 2s"),
        "{log}"
    );
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

#[tokio::test]
async fn the_load_generator_says_what_was_saved() {
    let served = Served::start(&[]);
    let load = Command::new(env!("CARGO_BIN_EXE_load"))
        .args(["--address", &served.address.to_string()])
        .args(["--clients", "64", "--requests", "2048", "--seed", "7"])
        .output()
        .unwrap();
    let printed = String::from_utf8(load.stdout).unwrap();
    let errors = String::from_utf8(load.stderr).unwrap();
    assert!(load.status.success(), "{errors}");
    assert!(printed.contains("2048 requests in"), "{printed}");
    assert!(printed.contains(" 0 refused"), "{printed}");

    // Half of the requests are for orders, which need two users each.
    let counters = served.counters().await;
    assert_eq!(counters.asked, 1_024 + 1_024 * 3);
    assert!(counters.keys <= counters.asked - counters.shared);
    assert!(counters.statements < counters.keys, "{printed}");
    assert!(printed.ends_with(&format!("{counters}\n")), "{printed}");
}

#[test]
fn the_load_generator_brings_a_service_of_its_own() {
    let load = Command::new(env!("CARGO_BIN_EXE_load"))
        .args(["--requests", "512", "--clients", "256"])
        .output()
        .unwrap();
    let printed = String::from_utf8(load.stdout).unwrap();
    assert!(load.status.success(), "{printed}");
    assert!(printed.contains(" 0 refused"), "{printed}");
    // 256 users, and 256 orders with two more each.
    let both = printed.lines().find(|line| line.starts_with("both"));
    let asked = both.unwrap().split_whitespace().nth(1);
    assert_eq!(asked, Some("1024"), "{printed}");
}

#[test]
fn a_service_that_is_not_there_is_an_error() {
    // Nobody listens on a port that was just given back.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let load = Command::new(env!("CARGO_BIN_EXE_load"))
        .args(["--address", &address.to_string()])
        .output()
        .unwrap();
    assert!(!load.status.success());
    assert!(load.stdout.is_empty());
}

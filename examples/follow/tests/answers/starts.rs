//! What keeps a process from starting.

use std::path::Path;
use std::process::{Command, Output};

use hyper::{Method, StatusCode};

use crate::site::Site;

fn follow(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_follow"));
    command.args(arguments).output().unwrap()
}

/// Returns the one line in which a process that ended at once has said why.
fn complaint(arguments: &[&str]) -> String {
    let ended = follow(arguments);
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

/// It would give positions to its changes that the first one gave to others.
#[tokio::test]
async fn second_service_over_one_database_is_refused() {
    let site = Site::start(&[]).await;
    let database = site.path("config.sqlite");
    assert!(database.exists());
    let database = database.to_str().unwrap();
    let second = ["service", "--listen=127.0.0.1:0", "--database", database];
    let said = complaint(&second);
    let expected = format!("another service writes to {database}\n");
    assert!(said.ends_with(&expected), "{said}");
    let written = site.ask(Method::PUT, "/config/web/color", "blue").await;
    assert_eq!(written, StatusCode::OK);
}

#[tokio::test]
async fn what_cannot_be_used_is_named_once() {
    let site = Site::start(&[]).await;
    let address = site.address.to_string();
    let database = site.path("other.sqlite");
    let database = database.to_str().unwrap();
    let said = complaint(&["service", "--listen", &address, "--database", database]);
    assert!(
        said.contains(&format!("cannot listen on {address}: ")),
        "{said}"
    );
    let said = complaint(&["replica", "--name=late", "--listen", &address]);
    assert!(
        said.contains(&format!("cannot listen on {address}: ")),
        "{said}"
    );

    let nowhere = site.path("nowhere/file");
    let nowhere = nowhere.to_str().unwrap();
    let checkpoint = site.path("positions.ckpt");
    let checkpoint = checkpoint.to_str().unwrap();
    let worker = ["worker", "--checkpoint", checkpoint, "--applied", nowhere];
    for arguments in [
        &["service", "--listen=127.0.0.1:0", "--database", nowhere][..],
        &worker,
        &["worker", "--checkpoint", nowhere],
    ] {
        let said = complaint(arguments);
        assert_eq!(said.matches(nowhere).count(), 1, "{said}");
    }
    assert!(!Path::new(nowhere).exists());
}

/// It would be refused at each of its reports.
#[test]
fn name_that_no_status_could_be_put_under_is_refused_on_the_command_line() {
    for arguments in [
        ["replica", "--name="],
        ["replica", "--name=a b"],
        ["worker", "--name=a/b"],
    ] {
        let ended = follow(&arguments);
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(said.contains("a name has 1 to 64 letters"), "{said}");
    }
}

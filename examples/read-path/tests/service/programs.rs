//! Both programs on the command line: what they print, and how they end.

use std::fs;
use std::process::Command;

use hyper::StatusCode;
use tokio::net::TcpSocket;

use crate::served::{PATIENT, Served};

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
        .args(PATIENT)
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
    // Nobody listens on this port, and nobody else is given it.
    let held = TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = held.local_addr().unwrap();
    let load = Command::new(env!("CARGO_BIN_EXE_load"))
        .args(["--address", &address.to_string()])
        .output()
        .unwrap();
    assert_eq!(load.status.code(), Some(1));
    assert!(load.stdout.is_empty());
    let said = String::from_utf8(load.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    let expected = format!("error: no service answers at {address}: ");
    assert!(said.starts_with(&expected), "{said}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_one_plain_line() {
    let served = Served::start(&[]);
    let address = served.address.to_string();
    let other = Command::new(env!("CARGO_BIN_EXE_serve"))
        .args(["--listen", &address])
        .output()
        .unwrap();
    assert_eq!(other.status.code(), Some(1));
    let said = String::from_utf8(other.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    let expected = format!("error: cannot listen on {address}: ");
    assert!(said.starts_with(&expected), "{said}");
    // The first one serves as before.
    assert_eq!(served.get("/users/1").await.0, StatusCode::OK);
}

/// What a service manager sends, and a user with Ctrl-C.
#[test]
fn a_service_that_is_told_to_end_ends_well_and_leaves_nothing_behind() {
    for signal in ["INT", "TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let command = &mut Command::new(env!("CARGO_BIN_EXE_serve"));
        let command = command.args(PATIENT).env("TMPDIR", folder.path());
        let mut served = Served::spawn(command);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        // It has been served: whoever serves hears signals.
        let (status, _) = runtime.block_on(served.get("/users/1"));
        assert_eq!(status, StatusCode::OK);
        let process = served.process.id().to_string();
        let told = Command::new("kill").args(["-s", signal, &process]).status();
        assert!(told.unwrap().success());
        assert!(served.process.wait().unwrap().success(), "{signal}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "{signal}");
    }
}

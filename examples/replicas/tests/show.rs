//! The show as a user sees it: one is late, one is killed, and all are equal in the end.

use std::process::Command;

#[test]
fn a_late_replica_catches_up_although_one_of_its_providers_is_killed() {
    let show = Command::new(env!("CARGO_BIN_EXE_forebay-example-replicas"))
        .output()
        .unwrap();
    let said = String::from_utf8(show.stdout).unwrap();
    let complaint = String::from_utf8(show.stderr).unwrap();
    assert!(show.status.success(), "{said}{complaint}");
    let facts = [
        "replica 2 is killed: replica 3 has ",
        "replica 3 has caught up",
        "replica 2 has caught up",
        "the states are equal",
    ];
    let mut rest = &said[..];
    for fact in facts {
        let (_, after) = rest
            .split_once(fact)
            .unwrap_or_else(|| panic!("no `{fact}` in its place: {said}"));
        rest = after;
    }
}

#[test]
fn whoever_tells_it_something_is_told_that_there_is_nothing_to_tell() {
    for arguments in [
        &["--help"][..],
        &["4", "1", "2", "3", "4", "5", "6"],
        &["1"],
    ] {
        let show = Command::new(env!("CARGO_BIN_EXE_forebay-example-replicas"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(show.status.code(), Some(2), "{arguments:?}");
        let complaint = String::from_utf8(show.stderr).unwrap();
        assert!(complaint.starts_with("error: "), "{complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }
}

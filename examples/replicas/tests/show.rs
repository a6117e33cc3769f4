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

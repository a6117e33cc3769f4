//! The show as a user sees it: one is late, two are killed, and all have the same in the end.

use std::process::Command;

#[test]
fn everybody_has_the_same_in_the_end_although_a_replica_and_the_worker_are_killed() {
    let show = Command::new(env!("CARGO_BIN_EXE_follow"))
        .args(["--listen=127.0.0.1:0", "--stay=0"])
        .output()
        .unwrap();
    let said = String::from_utf8(show.stdout).unwrap();
    let complaint = String::from_utf8(show.stderr).unwrap();
    assert!(show.status.success(), "{said}{complaint}");
    let facts = [
        "listening on http://",
        "replica-2 starts, too late for the log",
        "replica-1 is killed: replica-2 has ",
        "replica-2 has caught up",
        "replica-1 has caught up",
        "the worker is killed: ",
        "the replicas are equal to the service",
        "the worker has applied everything",
    ];
    let mut rest = &said[..];
    for fact in facts {
        let (_, after) = rest
            .split_once(fact)
            .unwrap_or_else(|| panic!("no `{fact}` in its place: {said}"));
        rest = after;
    }
}

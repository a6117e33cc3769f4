use std::panic::{AssertUnwindSafe, catch_unwind};

use forebay_snapshot::Trust;

use crate::cluster::Cluster;
use crate::{Message, Name};

/// How many of some runs fail, and with what.
fn failures(seeds: u64, run: impl Fn(u64)) -> Vec<String> {
    let failure = |seed| {
        let panic = catch_unwind(AssertUnwindSafe(|| run(seed))).err()?;
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
    };
    (0..seeds).filter_map(failure).collect()
}

#[test]
fn without_a_quorum_liars_get_their_state_installed() {
    let failures = failures(100, |seed| Cluster::new(seed, Trust::Crash, 3, 1).run());
    let is_wrong =
        |text: &&String| text.contains("another state") || text.contains("no such anchor");
    assert!(failures.iter().filter(is_wrong).count() > 0);
}

/// Hands an answer that came too late to the session as one to something else.
fn answers_anything(cluster: &mut Cluster, from: Name, message: Message) -> Message {
    let Message::Data { id, bytes } = message else {
        return message;
    };
    let is_asked = cluster.asked.contains(&(from, id));
    let open = cluster.asked.range((from, 0)..=(from, u64::MAX)).next();
    let id = open.filter(|_| !is_asked).map_or(id, |(_, open)| *open);
    Message::Data { id, bytes }
}

#[test]
fn without_numbers_on_answers_honest_peers_are_taken_for_liars() {
    let failures = failures(60, |seed| {
        let mut cluster = Cluster::new(seed, Trust::Crash, 2, 0);
        cluster.twist = answers_anything;
        cluster.run();
    });
    assert!(failures.iter().any(|text| text.contains("it does not end")));
}

#[test]
fn a_session_that_nobody_wakes_is_seen_to_do_nothing() {
    let failures = failures(20, |seed| {
        let mut cluster = Cluster::new(seed, Trust::Crash, 3, 0);
        cluster.follower.sleeps = true;
        cluster.run();
    });
    let is_seen = |text: &&String| text.contains("time stands still");
    assert_eq!(failures.iter().filter(is_seen).count(), 20);
}

#[test]
fn more_than_may_be_held_is_seen() {
    let failures = |narrow: fn(&mut Cluster)| {
        let failures = failures(20, |seed| {
            let mut cluster = Cluster::new(seed, Trust::Crash, 3, 0);
            narrow(&mut cluster);
            cluster.run();
        });
        let is_seen = |text: &&String| text.contains("Usage");
        failures.iter().filter(is_seen).count()
    };
    assert!(failures(|cluster| cluster.follower.spool_bytes_max = 1_000) > 0);
    assert!(failures(|cluster| cluster.follower.entries_max = 10) > 0);
    assert!(failures(|cluster| cluster.follower.window_max = 0) > 0);
    assert!(failures(|cluster| cluster.peers[0].expect_nothing()) > 0);
    assert_eq!(failures(|_| ()), 0);
}

/// A cluster whose follower has a state, which nobody has looked at yet.
fn installed() -> Cluster {
    let mut cluster = Cluster::new(1, Trust::Crash, 3, 0);
    cluster.run();
    cluster
}

#[test]
fn a_wrong_state_a_wrong_anchor_and_a_gap_are_seen() {
    let check = |spoil: fn(&mut Cluster)| {
        let mut cluster = installed();
        cluster.follower.check(&cluster.log);
        spoil(&mut cluster);
        failures(1, |_| cluster.follower.check(&cluster.log)).len()
    };
    let wrong_state = check(|cluster| {
        let (_, state) = cluster.follower.installed.as_mut().unwrap();
        *state = state.iter().skip(1).cloned().collect::<Vec<_>>().into();
    });
    let wrong_anchor = check(|cluster| {
        let (anchor, _) = cluster.follower.installed.as_mut().unwrap();
        *anchor = forebay_snapshot::Anchor::new(anchor.sequence(), anchor.term() + 1);
    });
    let gap = check(|cluster| {
        let ended = cluster.follower.ended.as_mut().unwrap().as_mut().unwrap();
        let first = ended.1.first_mut().unwrap();
        first.sequence = first.sequence.next().unwrap();
    });
    assert_eq!((wrong_state, wrong_anchor, gap), (1, 1, 1));
}

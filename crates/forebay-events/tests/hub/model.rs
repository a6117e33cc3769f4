//! Random histories of a hub, held against a vector of all changes.
//!
//! Changes are made and published later, in batches; subscribers come with and without cursors, read
//! and leave; snapshots end well, late, behind what was published, or badly; topics are refreshed,
//! tokens closed, time passes, in any order and under any settings. Then:
//!
//! * what a feed has shown is at each complete sequence exactly what the changes up to it make: so
//!   nothing is lost, repeated or out of order, and no view goes back;
//! * a feed that waits has shown everything that was published;
//! * a feed begins with its cursor, or is told of a new snapshot, and of one only if it had a cursor
//!   or pieces that were called off;
//! * a feed ends for a reason that was given, and at once where it was closed from outside;
//! * at the end every feed comes to its snapshot and to everything published, and a hub without feeds
//!   keeps no log but those it was told to keep.

mod view;
mod world;

use std::time::Duration;

use forebay_events::Retention;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::model::world::World;

/// What a hub is told when it is built.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) retention: Retention,
    pub(crate) may_lag: bool,
    pub(crate) ttl: Option<Duration>,
    pub(crate) remembered_max: usize,
    pub(crate) idle_max: usize,
}

/// How a snapshot ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// It shows what there is.
    Now,
    /// It shows what there was so many changes ago.
    Before(usize),
    Fails,
    Panics,
}

#[derive(Clone, Debug)]
pub(crate) enum Move {
    /// The state changes, at some keys of some topics; it is published later.
    Change(Vec<(usize, u32)>),
    /// So many changes are published.
    Publish(usize),
    /// With a cursor that was noted, if that many were.
    Subscribe {
        topic: usize,
        key: Option<u32>,
        token: Option<usize>,
        cursor: Option<usize>,
    },
    Note(usize),
    Read(usize, usize),
    Leave(usize),
    End(usize, Ending),
    Run,
    Step,
    Pass(u64),
    Refresh(usize),
    ForceClose(usize),
}

fn rules() -> impl Strategy<Value = Rules> {
    let retention = prop_oneof![
        Just((Retention::READERS, false)),
        (0..40_usize).prop_map(|window| (Retention::window(window), false)),
        (0..20_usize).prop_map(|max| (Retention::readers_up_to(max), true)),
    ];
    let ttl = prop_oneof![
        Just(None),
        (1..5_u64).prop_map(|s| Some(Duration::from_secs(s)))
    ];
    (retention, ttl, 0..5_usize, 0..3_usize).prop_map(
        |(retention, ttl, remembered_max, idle_max)| Rules {
            retention: retention.0,
            may_lag: retention.1,
            ttl,
            remembered_max,
            idle_max,
        },
    )
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        6 => Just(Ending::Now),
        2 => (1..6_usize).prop_map(Ending::Before),
        1 => Just(Ending::Fails),
        1 => Just(Ending::Panics),
    ]
}

fn one_move() -> impl Strategy<Value = Move> {
    let spot = || (0..2_usize, 0..3_u32);
    let key = prop_oneof![3 => (0..3_u32).prop_map(Some), 1 => Just(None)];
    let token = prop_oneof![2 => Just(None), 1 => (0..2_usize).prop_map(Some)];
    let cursor = prop_oneof![1 => Just(None), 2 => (0..8_usize).prop_map(Some)];
    let subscribe =
        (0..2_usize, key, token, cursor).prop_map(|(topic, key, token, cursor)| Move::Subscribe {
            topic,
            key,
            token,
            cursor,
        });
    prop_oneof![
        6 => vec(spot(), 0..4).prop_map(Move::Change),
        8 => (1..6_usize).prop_map(Move::Publish),
        8 => subscribe,
        4 => (0..8_usize).prop_map(Move::Note),
        12 => (0..8_usize, 1..10_usize).prop_map(|(feed, count)| Move::Read(feed, count)),
        4 => (0..8_usize).prop_map(Move::Leave),
        8 => (0..4_usize, ending()).prop_map(|(build, ending)| Move::End(build, ending)),
        8 => Just(Move::Run),
        4 => Just(Move::Step),
        2 => (1..3_000_u64).prop_map(Move::Pass),
        1 => (0..2_usize).prop_map(Move::Refresh),
        1 => (0..2_usize).prop_map(Move::ForceClose),
    ]
}

/// As many cases as `PROPTEST_CASES` says, and otherwise what a few seconds allow.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(300),
        failure_persistence: None,
        max_shrink_iters: 200_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn hub_agrees_with_a_vector_of_all_changes(
        rules in rules(),
        moves in vec(one_move(), 1..120),
    ) {
        let mut world = World::new(&rules);
        for step in &moves {
            world.play(step);
        }
        world.finish();
    }
}

//! Every peer gives right answers.
//!
//! * Of singleflight: each key its own, one load for those who wait together, a new one for who
//!   comes later, and a failure where the load fails.
//! * Of batch: each key its own, whether loads come from many tasks or from one; nothing for a key
//!   that there is not; a failure where the call fails.
//! * Of events: every reader every event, once and in order.

use forebay_peers::entry::Entry;
use forebay_peers::{batch, events, singleflight};

/// Asks nothing: the check alone is of interest.
struct Nothing;

impl singleflight::peers::Probe for Nothing {
    fn probe<P: singleflight::peer::Peer>(&self) -> Vec<Option<f64>> {
        Vec::new()
    }
}

impl batch::peers::Probe for Nothing {
    fn probe<P: batch::peer::Peer>(&self) -> Vec<Option<f64>> {
        Vec::new()
    }
}

impl events::peers::Probe for Nothing {
    fn probe<P: events::peer::Peer>(&self) -> Vec<Option<f64>> {
        Vec::new()
    }
}

#[test]
fn every_peer_of_singleflight_gives_right_answers() {
    use singleflight::peers;
    let entries: Vec<Entry<Nothing>> = peers::all().into_iter().chain(peers::bounded()).collect();
    for entry in entries {
        (entry.check)();
    }
}

#[test]
fn every_peer_of_batch_gives_right_answers() {
    use batch::peers;
    let entries = peers::all::<Nothing>();
    for entry in entries.into_iter().chain(peers::remembering()) {
        (entry.check)();
    }
}

#[test]
fn every_peer_of_events_gives_every_event() {
    use events::peers;
    let bounded = peers::entry::<peers::forebay::ForebayBounded, _>();
    let entries: Vec<Entry<Nothing>> = peers::all().into_iter().chain([bounded]).collect();
    for entry in entries {
        (entry.check)();
    }
}

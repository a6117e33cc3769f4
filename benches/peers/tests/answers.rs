//! Every peer gives right answers: each key its own, one load for those who wait together, a new
//! one for who comes later, and a failure where the load fails.

use forebay_peers::entry::Entry;
use forebay_peers::singleflight::peer::Peer;
use forebay_peers::singleflight::peers::{self, Probe};

/// Asks nothing: the check alone is of interest.
struct Nothing;

impl Probe for Nothing {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        Vec::new()
    }
}

#[test]
fn every_peer_gives_right_answers() {
    let entries: Vec<Entry<Nothing>> = peers::all().into_iter().chain(peers::bounded()).collect();
    for entry in entries {
        (entry.check)();
    }
}

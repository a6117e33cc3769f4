//! Everything that a check finds or takes can go to another thread. What runs the checks goes where
//! the futures of the fixture go.

use forebay_testkit::checkpoint_store::{Listed, Point, Script, Step, Violation};

const fn everything<T: Clone + Send + Sync + Unpin + 'static>() {}

#[test]
fn values_are_send_and_sync() {
    everything::<Listed>();
    everything::<Point>();
    everything::<Script>();
    everything::<Step>();
    everything::<Violation>();
}

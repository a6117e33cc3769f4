// What stands for a registry in the examples of the documentation: it is at change 7, and the service
// web is up.

use std::convert::Infallible;

use forebay_core::Sequence;
use forebay_events::{SnapshotSource, SnapshotWriter, Subject};

struct Services;

impl SnapshotSource<&'static str, &'static str> for Services {
    type Error = Infallible;

    async fn snapshot(
        &self,
        _: &Subject<&'static str>,
        out: &mut SnapshotWriter<&'static str>,
    ) -> Result<Sequence, Infallible> {
        out.push("web is up").await;
        Ok(Sequence::new(7))
    }
}

// What stands in the examples of the documentation for a state that is empty, of numbers.

use forebay_core::Sequence;
use forebay_events::{SnapshotSource, SnapshotWriter, Subject};

pub struct Nothing;

/// How the source, or whoever publishes, fails.
#[derive(Debug, Eq, PartialEq)]
pub struct Down;

impl std::fmt::Display for Down {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the database is down")
    }
}

impl std::error::Error for Down {}

impl<K: Sync> SnapshotSource<K, u32> for Nothing {
    type Error = Down;

    async fn snapshot(
        &self,
        _: &Subject<K>,
        _: &mut SnapshotWriter<u32>,
    ) -> Result<Sequence, Down> {
        Ok(Sequence::ZERO)
    }
}

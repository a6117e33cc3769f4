//! What all processes know.

use forebay_snapshot::{Hash, Marker, OrdSnapshot};
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

pub type Name = u8;
pub type State = OrdMap<u64, String>;
pub type Kept = OrdSnapshot<u64, String>;

/// The leader of the log, for ever: who leads, and what happens when it is lost, is another matter.
pub const LEADER: Name = 1;
pub const NAMES: [Name; 3] = [1, 2, 3];
pub const TERM: u64 = 1;

/// An entry of the log.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Command {
    Put(u64, String),
    /// Everybody takes a snapshot here.
    Marker(Marker<Name>),
    /// The last entry, where everybody says what its state is.
    Seal,
}

/// Entries of the log that follow each other.
#[derive(Debug, Deserialize, Serialize)]
pub struct Batch {
    pub first: u64,
    pub entries: Vec<Command>,
}

/// Where the processes listen on loopback: for the log, and for snapshots.
#[derive(Clone, Copy, Debug)]
pub struct Ports([u16; 6]);

impl Ports {
    pub const fn new(ports: [u16; 6]) -> Self {
        Self(ports)
    }

    pub const fn all(&self) -> &[u16; 6] {
        &self.0
    }

    pub fn of_log(self) -> (&'static str, u16) {
        ("127.0.0.1", self.0[0])
    }

    pub fn of_snapshots(self, name: Name) -> (&'static str, u16) {
        ("127.0.0.1", self.0[2 + usize::from(name)])
    }
}

/// Names all of a state, however it came about.
pub fn hash(state: &State) -> Result<Hash, postcard::Error> {
    let items: Vec<_> = state.iter().collect();
    Ok(Hash::of(&postcard::to_stdvec(&items)?))
}

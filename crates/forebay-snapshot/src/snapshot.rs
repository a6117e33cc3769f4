use std::error::Error;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

mod cell;
#[cfg(feature = "imbl")]
mod ord;
mod slice;
#[cfg(feature = "imbl")]
mod vec;

pub use crate::snapshot::cell::{CellBuilder, CellSnapshot};
#[cfg(feature = "imbl")]
pub use crate::snapshot::ord::{OrdBuilder, OrdSnapshot};
pub use crate::snapshot::slice::{SliceBuilder, SliceEntry, SliceSnapshot};
#[cfg(feature = "imbl")]
pub use crate::snapshot::vec::{VecBuilder, VecSnapshot};

/// A state at one moment, as a sequence of items.
///
/// Equal states must yield equal items in the same order on every peer, however each of them came
/// about. That rules out whatever iterates in an order of hashes.
///
/// A clone is kept while the state it was taken from goes on changing, so it must be cheap and must
/// not change: a persistent collection, or an `Arc`.
pub trait Snapshot: Clone + Send + Sync + 'static {
    /// What the state consists of, as it is received.
    type Item: Serialize + DeserializeOwned + Send + 'static;

    /// An item of a state that is there. It serialises exactly as [`Item`](Self::Item) does.
    type Entry<'a>: Serialize
    where
        Self: 'a;

    /// Where an iteration can go on: what is between two items.
    type Place: Clone + Send + Sync + 'static;

    /// What makes a state of items.
    type Builder: Build<Snapshot = Self, Item = Self::Item>;

    /// Returns how many items there are.
    fn len(&self) -> u64;

    /// Returns whether there are no items.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Iterates over the items after a place, or over all of them.
    ///
    /// To begin must not cost more at the end than at the start.
    fn iter_after(&self, place: Option<&Self::Place>) -> impl Iterator<Item = Self::Entry<'_>>;

    /// Returns the place right after this item.
    fn place_after(entry: &Self::Entry<'_>) -> Self::Place;

    /// Returns what stays the same of an item while its value changes: of a map, the key.
    ///
    /// Where chunks end depends on it alone and on sizes, so a new value of the same size leaves all
    /// chunks but its own as they were.
    fn identity(entry: &Self::Entry<'_>) -> impl Serialize;

    /// Creates what makes a state of this many items, a number that may be wrong.
    fn builder(len: u64) -> Self::Builder;
}

/// Makes a state of items that come in order.
pub trait Build: Send {
    /// What is made.
    type Snapshot;

    /// What it is made of.
    type Item;

    /// Adds the next item.
    ///
    /// # Errors
    ///
    /// [`OutOfOrder`] if it cannot come after those before it. No state is made then.
    fn push(&mut self, item: Self::Item) -> Result<(), OutOfOrder>;

    /// Makes the state.
    ///
    /// # Errors
    ///
    /// [`OutOfOrder`] if the items do not make a state, such as none where there must be one.
    fn finish(self) -> Result<Self::Snapshot, OutOfOrder>;
}

/// Items that do not make a state in the order in which they came.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct OutOfOrder;

impl OutOfOrder {
    /// Creates the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::OutOfOrder;
    ///
    /// let error = OutOfOrder::new();
    /// assert_eq!(error.to_string(), "items do not make a state in this order");
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl fmt::Display for OutOfOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("items do not make a state in this order")
    }
}

impl Error for OutOfOrder {}

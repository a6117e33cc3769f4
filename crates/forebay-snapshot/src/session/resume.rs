use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::chunk::{Limits, Page};
use crate::session::plan::Plan;
use crate::session::spool::Spool;
use crate::session::stock::Stock;
use crate::{Anchor, Hash};

/// What a session has achieved, to be written down and given to the next one.
///
/// The chunks themselves are in the spool. Nothing in it is believed: what is read from it is
/// verified again, and the next session chooses its snapshot anew. If that has the same root, or
/// chunks in common with this one, they are not fetched again.
///
/// # Examples
///
/// ```
/// use forebay_snapshot::ResumeState;
///
/// let nothing = ResumeState::default();
/// assert_eq!(nothing.anchor(), None);
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ResumeState {
    anchor: Option<Anchor>,
    root: Option<Hash>,
    index: Option<Bytes>,
    pages: BTreeMap<u32, Bytes>,
    chunks: Vec<(Hash, u32)>,
}

impl ResumeState {
    /// Returns the anchor of the snapshot that was being fetched.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ResumeState;
    ///
    /// assert_eq!(ResumeState::default().anchor(), None);
    /// ```
    #[must_use]
    pub const fn anchor(&self) -> Option<Anchor> {
        self.anchor
    }

    /// Returns the root of the snapshot that was being fetched.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ResumeState;
    ///
    /// assert_eq!(ResumeState::default().root(), None);
    /// ```
    #[must_use]
    pub const fn root(&self) -> Option<Hash> {
        self.root
    }

    /// Returns how many chunks the spool should have.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ResumeState;
    ///
    /// assert_eq!(ResumeState::default().chunks(), 0);
    /// ```
    #[must_use]
    pub const fn chunks(&self) -> usize {
        self.chunks.len()
    }

    pub(crate) fn save(
        anchor: Option<Anchor>,
        plan: Option<&Plan>,
        stock: &Stock<impl Spool>,
    ) -> Self {
        let index = plan.and_then(Plan::index);
        let pages = u32::try_from(index.map_or(0, |index| index.pages().len())).unwrap_or(u32::MAX);
        let page = |number| Some((number, plan?.page(number)?));
        Self {
            anchor,
            root: plan.map(Plan::root),
            index: index.map(|index| Bytes::from(index.encode())),
            pages: (0..pages)
                .filter_map(page)
                .map(|(number, page)| (number, encode_page(page)))
                .collect(),
            chunks: stock.chunks(),
        }
    }

    pub(crate) fn kept_chunks(&self) -> &[(Hash, u32)] {
        &self.chunks
    }

    /// The plan as far as it can be read. What cannot be is fetched again.
    pub(crate) fn plan(&self, limits: &Limits, stock: &Stock<impl Spool>) -> Option<Plan> {
        let mut plan = Plan::new(self.root?);
        if plan.enter_index(self.index.as_ref()?, limits).is_err() {
            return None;
        }
        for (number, bytes) in &self.pages {
            let is_there = |chunk: &crate::chunk::Chunk| stock.contains(&chunk.hash);
            // Pages that do not add up make a plan that nobody should follow.
            if plan.enter_page(*number, bytes, limits, is_there).is_err() {
                return None;
            }
        }
        Some(plan)
    }
}

fn encode_page(page: &Page) -> Bytes {
    let mut bytes = Vec::new();
    for chunk in page.chunks() {
        chunk.encode(&mut bytes);
    }
    bytes.into()
}

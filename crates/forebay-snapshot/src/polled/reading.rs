//! Items by their numbers.

use std::fmt::Debug;
use std::ops::{ControlFlow, Range};

use crate::polled::PolledProvider;
use crate::polled::cursors::Spot;
use crate::polled::host::Host;
use crate::{Absence, Anchor, Hash, Snapshot};

impl<S: Snapshot, P: Clone + Debug + Ord> PolledProvider<S, P> {
    /// Visits items of a snapshot by their numbers, for a host that sends items and not pieces.
    ///
    /// Items are visited in order, each with its number, until the range or the snapshot ends or
    /// `visit` breaks; at least one is. Returns the number of the item after the last one that was
    /// visited; to go on there costs no more than to go on reading. Whoever they are for counts as
    /// fetching, as it would if it had been sent a piece; how much it gets is for the host to bound.
    ///
    /// # Errors
    ///
    /// [`Absence::NotMember`]; [`Absence::Unknown`], [`Absence::Expired`] or
    /// [`Absence::RootMismatch`] where there is no such snapshot; [`Absence::OutOfRange`] for what
    /// begins after its end, and [`Absence::Empty`] for what begins there, or ends before it begins;
    /// [`Absence::Busy`] where there are as many followers as there may be.
    ///
    /// # Examples
    ///
    /// A host whose own messages take two items each:
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// # use std::ops::ControlFlow;
    /// provider.taken(&replica, &marker, anchor, vec![10, 20, 30].into());
    /// while provider.poll(&mut cx, &mut replica).is_ready() {}
    /// let Some(&Message::Offer { root, items, .. }) = replica.sent.first() else {
    ///     return Err("the laggard was not offered the snapshot".into());
    /// };
    /// let (mut next, mut sent) = (0, Vec::new());
    /// while next < items {
    ///     let mut message = Vec::new();
    ///     let rest = next..items;
    ///     let visited = provider.visit_range(&replica, &"laggard", anchor, root, rest, |_, item| {
    ///         message.push(postcard::to_extend(item, Vec::new()).expect("a number has bytes"));
    ///         if message.len() < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    ///     });
    ///     next = visited.expect("it was offered just now");
    ///     sent.push(message);
    /// }
    /// assert_eq!(sent, [vec![vec![10], vec![20]], vec![vec![30]]]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn visit_range(
        &mut self,
        host: &dyn Host<P>,
        from: &P,
        anchor: Anchor,
        root: Hash,
        items: Range<u64>,
        mut visit: impl FnMut(u64, &S::Entry<'_>) -> ControlFlow<()>,
    ) -> Result<u64, Absence> {
        self.learn(host);
        let range = self
            .provider
            .open_range(self.now, from, anchor, root, items);
        let range = range?;
        let start = range.items.start;
        let spot = |item| Spot { anchor, root, item };
        let (place, skipped) = match self.cursors.find(spot(start)) {
            Some(place) => (Some(place), 0),
            None => (range.place, range.skipped),
        };
        let mut last = None;
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let entries = range.snapshot.iter_after(place.as_ref()).skip(skipped);
        for (item, entry) in range.items.zip(entries) {
            let flow = visit(item, &entry);
            last = Some((item.saturating_add(1), entry));
            if flow.is_break() {
                break;
            }
        }
        let Some((end, entry)) = last else {
            return Err(Absence::Unknown);
        };
        if end < range.snapshot.len() {
            self.cursors
                .advance(start, spot(end), S::place_after(&entry));
        }
        Ok(end)
    }
}

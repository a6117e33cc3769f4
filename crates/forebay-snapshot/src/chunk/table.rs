mod places;

use std::fmt;
use std::mem;
use std::ops::Range;

use bytes::Bytes;

use crate::chunk::cuts::Cutter;
use crate::chunk::items::{encode_item, encode_items};
use crate::chunk::{Chunk, Index, Limits, Page};
use crate::{Absence, Hash, Snapshot, StateError};

/// As many chunks that lie side by side as fit in here are encoded and kept together, so that they
/// leave in one message without being copied. One that is larger is alone.
///
/// Sessions ask for as much by default, and count in the same way: a fetch is then a segment.
pub(crate) const SEGMENT_BYTES: usize = 256 << 10;

/// A bound for items of few bytes or none. What is no longer kept is encoded again while its follower
/// waits, and nothing else is done meanwhile.
const SEGMENT_ITEMS_MAX: u64 = 32 << 10;

/// The least that a provider must be able to keep until it is sent: the largest piece, and a segment.
pub(crate) const fn queued_bytes_min(limits: &Limits) -> usize {
    SEGMENT_BYTES.saturating_add(limits.piece_bytes_max)
}

/// No step encodes much more than this, however large the items are.
const STEP_BYTES: usize = 128 << 10;

/// All that is known of the pieces of a state, and how to make any of them again.
pub(crate) struct Table<S: Snapshot> {
    snapshot: S,
    root: Hash,
    index: Index,
    index_bytes: Bytes,
    pages: Vec<Bytes>,
    segments: Vec<Segment<S::Place>>,
    /// Where in its segment each chunk ends.
    ends: Vec<u32>,
}

/// Chunks that are encoded together.
#[derive(Clone, Debug)]
struct Segment<L> {
    /// The number of the first chunk.
    first: u64,
    /// The number of the first item.
    first_item: u64,
    items: u64,
    bytes: u32,
    /// What the items come after; `None` at the beginning.
    place: Option<L>,
}

/// Some chunks of one segment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Run {
    pub(crate) segment: usize,
    pub(crate) range: Range<usize>,
}

impl<S: Snapshot> Table<S> {
    pub(crate) const fn root(&self) -> Hash {
        self.root
    }

    pub(crate) const fn index(&self) -> &Index {
        &self.index
    }

    pub(crate) const fn index_bytes(&self) -> &Bytes {
        &self.index_bytes
    }

    pub(crate) fn pages(&self) -> &[Bytes] {
        &self.pages
    }

    /// How many bytes it takes to know all this, without the state and what keys have elsewhere.
    pub(crate) fn bytes(&self) -> usize {
        let pages: usize = self.pages.iter().map(Bytes::len).sum();
        let segments = size_of_val(&*self.segments);
        pages
            .saturating_add(self.index_bytes.len())
            .saturating_add(segments)
            .saturating_add(size_of_val(&*self.ends))
    }

    /// Finds the chunks that answer a fetch: at least the first, and no more than fit.
    pub(crate) fn run(&self, first: u64, count: u32, bytes_max: usize) -> Result<Run, Absence> {
        let len = self.index.chunks();
        if count == 0 || first == len {
            return Err(Absence::Empty);
        }
        let after = self
            .segments
            .partition_point(|segment| segment.first <= first);
        let (Some(segment), true) = (after.checked_sub(1), first < len) else {
            return Err(Absence::OutOfRange { len });
        };
        let begins = self.segments[segment].first;
        let ends = self.segments.get(after).map_or(len, |next| next.first);
        let end = first.saturating_add(u64::from(count)).min(ends);
        let begin = if first == begins {
            0
        } else {
            self.end_of(first.saturating_sub(1))
        };
        let fits = |end: &u32| (*end as usize).saturating_sub(begin) <= bytes_max;
        let wanted = &self.ends[first as usize..end as usize];
        match wanted[..wanted.partition_point(fits)].last() {
            Some(&end) => Ok(Run {
                segment,
                range: begin..end as usize,
            }),
            None => Err(Absence::ItemTooLarge),
        }
    }

    /// Returns how many bytes a segment has.
    pub(crate) fn segment_bytes(&self, segment: usize) -> usize {
        let segment = self.segments.get(segment);
        segment.map_or(0, |segment| segment.bytes as usize)
    }

    /// Encodes a segment again.
    pub(crate) fn encode(&self, segment: usize) -> Result<Bytes, StateError> {
        let segment = self.segments.get(segment).ok_or(StateError::Changed)?;
        let mut bytes = Vec::with_capacity(segment.bytes as usize);
        let entries = self.snapshot.iter_after(segment.place.as_ref());
        encode_items(entries, segment.items, &mut bytes)?;
        if bytes.len() == segment.bytes as usize {
            Ok(bytes.into())
        } else {
            Err(StateError::Changed)
        }
    }

    fn end_of(&self, chunk: u64) -> usize {
        self.ends.get(chunk as usize).map_or(0, |&end| end as usize)
    }
}

impl<S: Snapshot> fmt::Debug for Table<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("root", &self.root)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// Cuts a state into pieces, a little at a time.
pub(crate) struct Builder<S: Snapshot> {
    snapshot: S,
    limits: Limits,
    /// The end of what was taken in; `None` at the beginning.
    place: Option<S::Place>,
    cutter: Cutter,
    /// The open segment, with the open chunk at its end.
    buffer: Vec<u8>,
    /// Where in the buffer the open chunk begins.
    chunk_begin: usize,
    /// What the items of the open chunk come after; `None` at the beginning.
    chunk_place: Option<S::Place>,
    chunk_items: u32,
    segment: Segment<S::Place>,
    page: Vec<u8>,
    page_hashes: Vec<Hash>,
    pages: Vec<Bytes>,
    segments: Vec<Segment<S::Place>>,
    ends: Vec<u32>,
    items: u64,
    bytes: u64,
    identity: Vec<u8>,
}

impl<S: Snapshot> Builder<S> {
    pub(crate) fn new(snapshot: S, limits: Limits) -> Self {
        Self {
            snapshot,
            limits,
            place: None,
            cutter: Cutter::default(),
            buffer: Vec::new(),
            chunk_begin: 0,
            chunk_place: None,
            chunk_items: 0,
            segment: Segment {
                first: 0,
                first_item: 0,
                items: 0,
                bytes: 0,
                place: None,
            },
            page: Vec::new(),
            page_hashes: Vec::new(),
            pages: Vec::new(),
            segments: Vec::new(),
            ends: Vec::new(),
            items: 0,
            bytes: 0,
            identity: Vec::new(),
        }
    }

    pub(crate) fn snapshot(&self) -> &S {
        &self.snapshot
    }

    /// How many bytes are held besides the state.
    pub(crate) fn held_bytes(&self) -> usize {
        let pages: usize = self.pages.iter().map(Bytes::len).sum();
        pages
            .saturating_add(self.buffer.capacity())
            .saturating_add(self.page.capacity())
            .saturating_add(size_of_val(&*self.segments))
            .saturating_add(size_of_val(&*self.ends))
    }

    /// Takes in at most this many items, and hands out each segment that is complete.
    ///
    /// Returns the table once there are no more.
    pub(crate) fn step(
        &mut self,
        items_max: usize,
        mut complete: impl FnMut(usize, Bytes),
    ) -> Result<Option<Table<S>>, StateError> {
        // Its clone is cheap, and lets items be borrowed while all else changes.
        let snapshot = self.snapshot.clone();
        let place = self.place.clone();
        let mut entries = snapshot.iter_after(place.as_ref());
        let mut last: Option<S::Entry<'_>> = None;
        let mut bytes = 0_usize;
        for _ in 0..items_max.max(1) {
            let Some(entry) = entries.next() else {
                let end = self.buffer.len();
                self.end_chunk(end, None, &mut complete)?;
                self.end_segment(&mut complete);
                return self.finish().map(Some);
            };
            let previous = last.as_ref();
            let len = self.take(&entry, previous, &mut complete)?;
            last = Some(entry);
            bytes = bytes.saturating_add(len);
            if bytes >= STEP_BYTES {
                break;
            }
        }
        if let Some(entry) = &last {
            self.place = Some(S::place_after(entry));
        }
        Ok(None)
    }

    /// Takes in one item, and returns how many bytes it has.
    fn take(
        &mut self,
        entry: &S::Entry<'_>,
        previous: Option<&S::Entry<'_>>,
        complete: &mut impl FnMut(usize, Bytes),
    ) -> Result<usize, StateError> {
        let begin = self.buffer.len();
        encode_item(entry, &mut self.buffer)?;
        let len = self.buffer.len().saturating_sub(begin);
        if len > self.limits.piece_bytes_max {
            return Err(StateError::ItemTooLarge { bytes: len });
        }
        if self.cutter.ends_before(len) {
            let place = previous.map(S::place_after);
            let place = place.or_else(|| self.place.clone());
            self.end_chunk(begin, place, complete)?;
        }
        self.identity.clear();
        encode_item(&S::identity(entry), &mut self.identity)?;
        self.chunk_items = self.chunk_items.saturating_add(1);
        self.items = self.items.saturating_add(1);
        if self.cutter.ends_after(&self.identity, len) {
            let end = self.buffer.len();
            self.end_chunk(end, Some(S::place_after(entry)), complete)?;
        }
        Ok(len)
    }

    /// Whether the open chunk, if it ends here, belongs to the open segment.
    fn fits_segment(&self, end: usize) -> bool {
        let items = u64::from(self.chunk_items).saturating_add(self.segment.items);
        self.segment.items == 0 || end <= SEGMENT_BYTES && items <= SEGMENT_ITEMS_MAX
    }

    /// Ends the open chunk at this place of the buffer; the next one begins after `place`.
    fn end_chunk(
        &mut self,
        mut end: usize,
        place: Option<S::Place>,
        complete: &mut impl FnMut(usize, Bytes),
    ) -> Result<(), StateError> {
        if self.chunk_items == 0 {
            return Ok(());
        }
        if !self.fits_segment(end) {
            end = end.saturating_sub(self.chunk_begin);
            self.end_segment(complete);
        }
        let bytes = &self.buffer[self.chunk_begin..end];
        let chunk = Chunk {
            hash: Hash::of(bytes),
            items: self.chunk_items,
            bytes: bytes.len() as u32,
        };
        chunk.encode(&mut self.page);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        self.segment.items = self
            .segment
            .items
            .saturating_add(u64::from(self.chunk_items));
        self.ends.push(end as u32);
        self.chunk_begin = end;
        self.chunk_place = place;
        self.chunk_items = 0;
        self.cutter = Cutter::default();
        if self.page.len() >= Page::BYTES_MAX {
            self.end_page()?;
        }
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), StateError> {
        if self.page.is_empty() {
            return Ok(());
        }
        if self.pages.len() >= self.limits.pages_max as usize {
            return Err(StateError::TooLarge);
        }
        let page = Bytes::from(mem::take(&mut self.page));
        self.page_hashes.push(Hash::of(&page));
        self.pages.push(page);
        Ok(())
    }

    /// Ends the open segment in front of the open chunk, which begins the next one.
    fn end_segment(&mut self, complete: &mut impl FnMut(usize, Bytes)) {
        if self.segment.items == 0 {
            return;
        }
        self.segment.bytes = self.chunk_begin as u32;
        let next = Segment {
            first: self.ends.len() as u64,
            first_item: self.segment.first_item.saturating_add(self.segment.items),
            items: 0,
            bytes: 0,
            place: self.chunk_place.take(),
        };
        // Copied, so that what is kept has no room to spare, and the buffer need not grow anew.
        let bytes = Bytes::copy_from_slice(&self.buffer[..self.chunk_begin]);
        self.buffer.drain(..self.chunk_begin);
        complete(self.segments.len(), bytes);
        self.segments.push(mem::replace(&mut self.segment, next));
        self.chunk_begin = 0;
    }

    fn finish(&mut self) -> Result<Table<S>, StateError> {
        self.end_page()?;
        if self.items != self.snapshot.len() {
            return Err(StateError::Changed);
        }
        let chunks = self.ends.len() as u64;
        let hashes = mem::take(&mut self.page_hashes);
        let index = Index::new(self.items, self.bytes, chunks, hashes);
        let index_bytes = Bytes::from(index.encode());
        Ok(Table {
            snapshot: self.snapshot.clone(),
            root: Hash::of(&index_bytes),
            index,
            index_bytes,
            pages: mem::take(&mut self.pages),
            segments: mem::take(&mut self.segments),
            ends: mem::take(&mut self.ends),
        })
    }
}

impl<S: Snapshot> fmt::Debug for Builder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("items", &self.items)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

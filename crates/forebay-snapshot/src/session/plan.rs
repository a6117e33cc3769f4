use std::collections::BTreeSet;

use crate::chunk::{Chunk, Index, Limits, PAGE_CHUNKS, Page};
use crate::{Hash, Piece, PieceError};

/// One thing that is verified as a whole.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Part {
    Index,
    Page(u32),
    Chunk(u64),
}

impl Part {
    /// The parts that a fetch asks for.
    pub(crate) fn of(piece: Piece) -> impl Iterator<Item = Self> {
        let (single, chunks) = match piece {
            Piece::Index => (Some(Self::Index), 0..0),
            Piece::Page(page) => (Some(Self::Page(page)), 0..0),
            Piece::Chunks { first, count } => (None, first..first.saturating_add(count.into())),
        };
        single.into_iter().chain(chunks.map(Self::Chunk))
    }
}

/// All that a snapshot consists of, as far as is known: what is verified, and what nobody was asked
/// for yet.
///
/// Nothing enters that was not verified against what was there before it, down from the root.
#[derive(Debug)]
pub(crate) struct Plan {
    root: Hash,
    index: Option<Index>,
    pages: Vec<Option<KnownPage>>,
    pages_known: usize,
    index_is_open: bool,
    open_pages: BTreeSet<u32>,
    open_chunks: BTreeSet<u64>,
    verified: Totals,
}

#[derive(Debug)]
struct KnownPage {
    page: Page,
    is_verified: Box<[bool]>,
}

/// How much there is of something.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Totals {
    pub(crate) chunks: u64,
    pub(crate) items: u64,
    pub(crate) bytes: u64,
}

impl Plan {
    pub(crate) const fn new(root: Hash) -> Self {
        Self {
            root,
            index: None,
            pages: Vec::new(),
            pages_known: 0,
            index_is_open: true,
            open_pages: BTreeSet::new(),
            open_chunks: BTreeSet::new(),
            verified: Totals {
                chunks: 0,
                items: 0,
                bytes: 0,
            },
        }
    }

    pub(crate) const fn root(&self) -> Hash {
        self.root
    }

    pub(crate) const fn index(&self) -> Option<&Index> {
        self.index.as_ref()
    }

    pub(crate) fn page(&self, number: u32) -> Option<&Page> {
        let known = self.pages.get(usize::try_from(number).ok()?)?;
        known.as_ref().map(|known| &known.page)
    }

    pub(crate) const fn verified(&self) -> Totals {
        self.verified
    }

    /// Whether it is known of which chunks the snapshot consists.
    pub(crate) fn is_listed(&self) -> bool {
        self.index.is_some() && self.pages_known == self.pages.len()
    }

    pub(crate) fn is_complete(&self) -> bool {
        let chunks = self.index.as_ref().map(Index::chunks);
        self.is_listed() && chunks == Some(self.verified.chunks)
    }

    pub(crate) fn has_open_parts(&self) -> bool {
        self.index_is_open || !self.open_pages.is_empty() || !self.open_chunks.is_empty()
    }

    pub(crate) fn chunk(&self, number: u64) -> Option<&Chunk> {
        let (page, row) = position(number)?;
        self.pages.get(page)?.as_ref()?.page.chunks().get(row)
    }

    pub(crate) fn is_verified(&self, part: Part) -> bool {
        match part {
            Part::Index => self.index.is_some(),
            Part::Page(page) => self.page(page).is_some(),
            Part::Chunk(number) => position(number)
                .and_then(|(page, row)| {
                    self.pages
                        .get(page)?
                        .as_ref()?
                        .is_verified
                        .get(row)
                        .copied()
                })
                .unwrap_or(false),
        }
    }

    /// The chunks that are known, page by page.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        let known = self.pages.iter().flatten();
        known.flat_map(|known| known.page.chunks())
    }

    /// Takes the index in.
    pub(crate) fn enter_index(&mut self, bytes: &[u8], limits: &Limits) -> Result<(), PieceError> {
        let index = Index::decode(bytes, &self.root, limits)?;
        let pages = index.pages().len();
        self.pages.resize_with(pages, || None);
        self.open_pages = (0..u32::try_from(pages).unwrap_or(u32::MAX)).collect();
        self.index_is_open = false;
        self.index = Some(index);
        Ok(())
    }

    /// Takes a page in. Chunks of it that are there already need not be fetched.
    pub(crate) fn enter_page(
        &mut self,
        number: u32,
        bytes: &[u8],
        limits: &Limits,
        mut is_there: impl FnMut(&Chunk) -> bool,
    ) -> Result<(), PieceError> {
        let index = self.index.as_ref().ok_or(PieceError::Totals)?;
        let page = Page::decode(bytes, index, number, limits)?;
        let numbers = index.chunks_of(number);
        let slot = usize::try_from(number)
            .ok()
            .and_then(|number| self.pages.get_mut(number));
        let slot = slot
            .filter(|slot| slot.is_none())
            .ok_or(PieceError::Totals)?;
        let is_verified: Box<[bool]> = page.chunks().iter().map(&mut is_there).collect();
        for (chunk_number, (chunk, is_verified)) in
            numbers.zip(page.chunks().iter().zip(&is_verified))
        {
            if *is_verified {
                self.verified.add(chunk);
            } else {
                self.open_chunks.insert(chunk_number);
            }
        }
        *slot = Some(KnownPage { page, is_verified });
        self.pages_known += 1;
        self.open_pages.remove(&number);
        self.check_totals()
    }

    pub(crate) fn set_verified(&mut self, number: u64) {
        if self.flag(number, true) {
            if let Some(chunk) = self.chunk(number).copied() {
                self.verified.add(&chunk);
            }
            self.open_chunks.remove(&number);
        }
    }

    /// Says that a chunk is to be fetched again.
    pub(crate) fn reopen(&mut self, number: u64) {
        if self.flag(number, false) {
            if let Some(chunk) = self.chunk(number).copied() {
                self.verified.remove(&chunk);
            }
            self.open_chunks.insert(number);
        }
    }

    /// Says that nobody is being asked for a part any more.
    pub(crate) fn put_back(&mut self, part: Part) {
        if self.is_verified(part) {
            return;
        }
        match part {
            Part::Index => self.index_is_open = true,
            Part::Page(page) => {
                self.open_pages.insert(page);
            }
            Part::Chunk(number) => {
                self.open_chunks.insert(number);
            }
        }
    }

    /// The first chunk that nobody was asked for, and its size.
    pub(crate) fn first_open_chunk(&self) -> Option<(u64, u64)> {
        let number = *self.open_chunks.first()?;
        self.chunk(number).map(|chunk| (number, chunk.bytes.into()))
    }

    /// Takes what should be fetched next: what lists others before what is listed, and of chunks a
    /// run of at most `bytes_max`, or a single one, for which there is `room`.
    pub(crate) fn take_next(
        &mut self,
        bytes_max: u64,
        room: u64,
        mut is_there: impl FnMut(&Hash) -> bool,
    ) -> Option<(Piece, u64)> {
        if std::mem::take(&mut self.index_is_open) {
            return Some((Piece::Index, 0));
        }
        if let Some(page) = self.open_pages.pop_first() {
            return Some((Piece::Page(page), 0));
        }
        let (mut first, mut bytes) = self.first_open_chunk()?;
        // A state may hold equal chunks, of which one is enough.
        while self.chunk(first).is_some_and(|chunk| is_there(&chunk.hash)) {
            self.set_verified(first);
            (first, bytes) = self.first_open_chunk()?;
        }
        if bytes > room {
            return None;
        }
        self.open_chunks.remove(&first);
        let mut count = 1;
        while let Some(next) = first.checked_add(count.into())
            && self.open_chunks.contains(&next)
            && let Some(chunk) = self.chunk(next)
            && bytes.saturating_add(chunk.bytes.into()) <= bytes_max.min(room)
            && count < u32::MAX
            && !is_there(&chunk.hash)
        {
            bytes += u64::from(chunk.bytes);
            count += 1;
            self.open_chunks.remove(&next);
        }
        Some((Piece::Chunks { first, count }, bytes))
    }

    /// Once all pages are there, they must add up to what the index says.
    fn check_totals(&self) -> Result<(), PieceError> {
        match &self.index {
            Some(index) if self.is_listed() => {
                let sum = |amount: fn(&Chunk) -> u32| {
                    self.chunks()
                        .map(|chunk| u64::from(amount(chunk)))
                        .fold(0, u64::saturating_add)
                };
                index.check_totals(sum(|chunk| chunk.items), sum(|chunk| chunk.bytes))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether the flag was another one before.
    fn flag(&mut self, number: u64, is_verified: bool) -> bool {
        let known = position(number).and_then(|(page, row)| {
            let known = self.pages.get_mut(page)?.as_mut()?;
            known.is_verified.get_mut(row)
        });
        known.is_some_and(|known| std::mem::replace(known, is_verified) != is_verified)
    }
}

impl Totals {
    fn add(&mut self, chunk: &Chunk) {
        self.chunks = self.chunks.saturating_add(1);
        self.items = self.items.saturating_add(chunk.items.into());
        self.bytes = self.bytes.saturating_add(chunk.bytes.into());
    }

    fn remove(&mut self, chunk: &Chunk) {
        self.chunks = self.chunks.saturating_sub(1);
        self.items = self.items.saturating_sub(chunk.items.into());
        self.bytes = self.bytes.saturating_sub(chunk.bytes.into());
    }
}

/// The page a chunk is listed in, and where.
fn position(number: u64) -> Option<(usize, usize)> {
    let page = usize::try_from(number / PAGE_CHUNKS).ok()?;
    let row = usize::try_from(number % PAGE_CHUNKS).ok()?;
    Some((page, row))
}

use forebay_core::Sequence;
use hashbrown::HashTable;

use crate::hub::ledger::list::{Link, Linked, List};

/// The keys of one topic: those with a log, `L`, and the last sequence of those that were published
/// to most recently.
///
/// A key is in one place for as long as it is here, and one look-up finds whichever it has. Of the
/// keys without a log at most as many are remembered as the directory is told; what is known of
/// those that were forgotten is the newest sequence that any of them had, the floor. So of a key
/// that is not here it is known that nothing newer than the floor was published to it.
///
/// It calls no code of the user but a key's `Eq`, when a key is looked up; what has to be dropped is
/// given back.
pub(crate) struct Directory<K, L> {
    /// Where a key is, by its hash.
    index: HashTable<u32>,
    places: Vec<Place<K, L>>,
    vacant: Vec<u32>,
    /// Keys without a log, the one that was published to most recently last.
    remembered: List,
    remembered_max: usize,
    floor: Sequence,
    /// Logs that nobody uses, the one that was used most recently last.
    idle: List,
    idle_max: usize,
}

struct Place<K, L> {
    /// Kept, so that growing does not call the key's `Hash`.
    hash: u64,
    link: Link,
    content: Content<K, L>,
}

enum Content<K, L> {
    Vacant,
    Remembered(K, Sequence),
    Logged(K, L),
    Idle(K, L),
}

/// What is known of a key.
pub(crate) enum Known<'a, L> {
    /// It has a log, in this place.
    Logged(u32, &'a mut L),
    /// It has none, and this was published to it last; it is remembered in this place.
    Remembered(u32, Sequence),
    /// It is not here, so nothing newer than this was published to it.
    Unknown(Sequence),
}

impl<K, L> Linked for Place<K, L> {
    fn link(&mut self) -> &mut Link {
        &mut self.link
    }
}

impl<K: Eq, L> Directory<K, L> {
    pub(crate) const fn new(remembered_max: usize, idle_max: usize) -> Self {
        Self {
            index: HashTable::new(),
            places: Vec::new(),
            vacant: Vec::new(),
            remembered: List::new(),
            remembered_max,
            floor: Sequence::ZERO,
            idle: List::new(),
            idle_max,
        }
    }

    /// Returns how many keys have a log.
    pub(crate) fn logged(&self) -> usize {
        self.index.len() - self.remembered.len()
    }

    /// Returns how many keys without a log are remembered.
    pub(crate) const fn remembered(&self) -> usize {
        self.remembered.len()
    }

    /// Returns the log in `place`, which may be gone by now or be that of another key.
    pub(crate) fn log_at(&mut self, place: u32) -> Option<&mut L> {
        match &mut self.places.get_mut(place as usize)?.content {
            Content::Logged(_, log) | Content::Idle(_, log) => Some(log),
            Content::Vacant | Content::Remembered(..) => None,
        }
    }

    pub(crate) fn look_up(&mut self, hash: u64, key: &K) -> Known<'_, L> {
        let Some(place) = self.find(hash, key) else {
            return Known::Unknown(self.floor);
        };
        match &mut self.places[place as usize].content {
            Content::Logged(_, log) | Content::Idle(_, log) => Known::Logged(place, log),
            Content::Remembered(_, last) => Known::Remembered(place, *last),
            Content::Vacant => Known::Unknown(self.floor),
        }
    }

    /// Notes that the key which is remembered in `place` was published to with `sequence`.
    pub(crate) fn touch(&mut self, place: u32, sequence: Sequence) {
        if let Content::Remembered(_, last) = &mut self.places[place as usize].content {
            *last = sequence.max(*last);
            self.remembered.remove(&mut self.places, place);
            self.remembered.push(&mut self.places, place);
        }
    }

    /// Notes that `key`, which is not here, was published to with `sequence`; returns a key to drop.
    pub(crate) fn remember(&mut self, hash: u64, key: K, sequence: Sequence) -> Option<K> {
        if self.remembered_max == 0 {
            self.floor = self.floor.max(sequence);
            return Some(key);
        }
        let place = self.settle(hash, Content::Remembered(key, sequence));
        self.remembered.push(&mut self.places, place);
        self.forget_surplus()
    }

    /// Gives the key that is remembered in `place` a log.
    pub(crate) fn give_log(&mut self, place: u32, log: L) {
        if let Content::Remembered(..) = self.places[place as usize].content {
            self.remembered.remove(&mut self.places, place);
            self.turn(place, |content| match content {
                Content::Remembered(key, _) => Content::Logged(key, log),
                other => other,
            });
        }
    }

    /// Gives `key`, which is not here, a log; returns its place.
    pub(crate) fn add_log(&mut self, hash: u64, key: K, log: L) -> u32 {
        self.settle(hash, Content::Logged(key, log))
    }

    /// Takes the log out of `place` and remembers its key; returns a key to drop as well.
    pub(crate) fn take_log(&mut self, place: u32, last: Sequence) -> (Option<L>, Option<K>) {
        let Some(found) = self.places.get_mut(place as usize) else {
            return (None, None);
        };
        let (key, log) = match std::mem::replace(&mut found.content, Content::Vacant) {
            Content::Logged(key, log) => (key, log),
            Content::Idle(key, log) => {
                self.idle.remove(&mut self.places, place);
                (key, log)
            }
            other => {
                found.content = other;
                return (None, None);
            }
        };
        self.places[place as usize].content = Content::Remembered(key, last);
        self.remembered.push(&mut self.places, place);
        (Some(log), self.forget_surplus())
    }

    /// Whether logs that nobody uses are kept.
    pub(crate) const fn keeps_idle(&self) -> bool {
        self.idle_max > 0
    }

    /// Notes that nobody uses the log in `place`; returns the place whose log has to go for that.
    pub(crate) fn rest(&mut self, place: u32) -> Option<u32> {
        if self.idle_max == 0 {
            return Some(place);
        }
        let Some(Content::Logged(..)) = self.places.get(place as usize).map(|it| &it.content)
        else {
            return None;
        };
        self.turn(place, |content| match content {
            Content::Logged(key, log) => Content::Idle(key, log),
            other => other,
        });
        self.idle.push(&mut self.places, place);
        (self.idle.len() > self.idle_max).then(|| self.idle.first())?
    }

    /// Notes that somebody uses the log in `place`.
    pub(crate) fn rouse(&mut self, place: u32) {
        if let Some(Content::Idle(..)) = self.places.get(place as usize).map(|it| &it.content) {
            self.idle.remove(&mut self.places, place);
            self.turn(place, |content| match content {
                Content::Idle(key, log) => Content::Logged(key, log),
                other => other,
            });
        }
    }

    /// Returns the places of all logs.
    pub(crate) fn logs(&self) -> Vec<u32> {
        let has_log =
            |place: &&Place<K, L>| matches!(place.content, Content::Logged(..) | Content::Idle(..));
        let places = (0..).zip(&self.places);
        let with_log = places.filter(|(_, place)| has_log(place));
        with_log.map(|(at, _)| at).collect()
    }

    fn turn(&mut self, place: u32, turn: impl FnOnce(Content<K, L>) -> Content<K, L>) {
        let content = &mut self.places[place as usize].content;
        *content = turn(std::mem::replace(content, Content::Vacant));
    }

    fn find(&self, hash: u64, key: &K) -> Option<u32> {
        let is_it = |place: &u32| match &self.places[*place as usize].content {
            Content::Remembered(known, _) | Content::Logged(known, _) | Content::Idle(known, _) => {
                known == key
            }
            Content::Vacant => false,
        };
        self.index.find(hash, is_it).copied()
    }

    /// Puts a key that is not here into a place of its own.
    fn settle(&mut self, hash: u64, content: Content<K, L>) -> u32 {
        let settled = Place {
            hash,
            link: Link::new(),
            content,
        };
        let place = match self.vacant.pop() {
            Some(place) => {
                self.places[place as usize] = settled;
                place
            }
            None => {
                self.places.push(settled);
                (self.places.len() - 1) as u32
            }
        };
        let places = &self.places;
        let hash_of = |place: &u32| places[*place as usize].hash;
        self.index.insert_unique(hash, place, hash_of);
        place
    }

    /// Forgets the key that was not published to for longest, if there are too many.
    fn forget_surplus(&mut self) -> Option<K> {
        if self.remembered.len() <= self.remembered_max {
            return None;
        }
        let place = self.remembered.first()?;
        self.remembered.remove(&mut self.places, place);
        let hash = self.places[place as usize].hash;
        if let Ok(found) = self.index.find_entry(hash, |known| *known == place) {
            found.remove();
        }
        self.vacant.push(place);
        let content = &mut self.places[place as usize].content;
        match std::mem::replace(content, Content::Vacant) {
            Content::Remembered(key, last) => {
                self.floor = self.floor.max(last);
                Some(key)
            }
            _ => None,
        }
    }
}

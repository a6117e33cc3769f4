//! The oracle: logs are vectors, and readers are indexes.

use crate::event::Rules;

pub(crate) struct Model {
    pub(crate) rules: Rules,
    pub(crate) now: u64,
    pub(crate) logs: Vec<Log>,
}

#[derive(Default)]
pub(crate) struct Log {
    pub(crate) events: Vec<Item>,
    pub(crate) head: u64,
    pub(crate) end: Option<End>,
    /// How many events there were after each append, and when that was.
    appends: Vec<(usize, u64)>,
    /// How many there were before the last one.
    pub(crate) last_append: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Item {
    pub(crate) sequence: u64,
    pub(crate) number: u64,
    pub(crate) is_last: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum End {
    Closed,
    Lost,
    Failed,
    Splice(Place),
}

/// Between two events of a log.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) log: usize,
    pub(crate) index: usize,
    /// The cursor that it was resumed from.
    pub(crate) floor: u64,
    /// It was too far behind for too long, and may have been cut off.
    pub(crate) may_lag: bool,
}

/// What a reader gets.
#[derive(Debug)]
pub(crate) enum Next {
    Event,
    Wait,
    Closed,
    Lost,
    Failed,
}

impl Model {
    pub(crate) fn new(rules: &Rules) -> Self {
        Self {
            rules: rules.clone(),
            now: 0,
            logs: Vec::new(),
        }
    }

    pub(crate) fn place(&self, log: usize, index: usize) -> Place {
        let mut place = Place {
            log,
            index,
            floor: 0,
            may_lag: false,
        };
        self.observe(&mut place);
        place
    }

    pub(crate) fn end_of(&self, log: usize) -> Place {
        self.place(log, self.logs[log].events.len())
    }

    /// Notes events with one sequence.
    pub(crate) fn append(&mut self, log: usize, sequence: u64, numbers: std::ops::Range<u64>) {
        let log = &mut self.logs[log];
        log.head = sequence;
        if numbers.is_empty() {
            return;
        }
        log.last_append = log.events.len();
        let last = numbers.end - 1;
        log.events.extend(numbers.map(|number| Item {
            sequence,
            number,
            is_last: number == last,
        }));
        log.appends.push((log.events.len(), self.now));
    }

    /// Looks after a place, after an append: is it too far behind, and since when?
    pub(crate) fn observe(&self, place: &mut Place) {
        let Some((events_max, grace)) = self.rules.limit else {
            return;
        };
        // Who comes late to an old place has no grace of its own.
        let appends = &self.logs[place.log].appends;
        let since = appends.partition_point(|(length, _)| *length <= place.index + events_max);
        let since = appends.get(since).map(|(_, time)| time);
        place.may_lag |= since.is_some_and(|since| self.now - since >= grace);
    }

    /// Looks after the places at which logs go on.
    pub(crate) fn observe_splices(&mut self) {
        for log in 0..self.logs.len() {
            if let Some(End::Splice(mut place)) = self.logs[log].end.clone() {
                self.observe(&mut place);
                self.logs[log].end = Some(End::Splice(place));
            }
        }
    }

    pub(crate) fn lag(&self, place: &Place) -> u64 {
        (self.logs[place.log].events.len() - place.index) as u64
    }

    /// Follows the splices at which a place stands.
    pub(crate) fn follow(&self, place: &mut Place) {
        while self.lag(place) == 0
            && let Some(End::Splice(to)) = &self.logs[place.log].end
        {
            *place = to.clone();
        }
    }

    /// What comes after a place that has followed its splices.
    pub(crate) fn next(&self, place: &Place) -> Next {
        let log = &self.logs[place.log];
        if place.index < log.events.len() {
            return Next::Event;
        }
        match &log.end {
            None => Next::Wait,
            Some(End::Closed) => Next::Closed,
            Some(End::Lost) => Next::Lost,
            Some(End::Failed) => Next::Failed,
            Some(End::Splice(_)) => unreachable!("it was followed"),
        }
    }

    /// Whether a log leads into another one, or is it.
    pub(crate) fn leads_into(&self, mut log: usize, searched: usize) -> bool {
        loop {
            if log == searched {
                return true;
            }
            let Some(End::Splice(to)) = &self.logs[log].end else {
                return false;
            };
            log = to.log;
        }
    }

    /// The last sequence that is complete before the event number `index`.
    pub(crate) fn complete(&self, log: usize, index: usize) -> u64 {
        let before = self.logs[log].events[..index].iter();
        before
            .rev()
            .find(|item| item.is_last)
            .map_or(0, |item| item.sequence)
    }

    pub(crate) fn cursor(&self, place: &Place) -> u64 {
        let complete = self.complete(place.log, place.index).max(place.floor);
        match self.lag(place) {
            0 => complete.max(self.logs[place.log].head),
            _ => complete,
        }
    }

    /// The index of the first event with a greater sequence.
    pub(crate) fn after(&self, log: usize, sequence: u64) -> usize {
        let events = &self.logs[log].events;
        events.partition_point(|item| item.sequence <= sequence)
    }

    /// From which index on a log must have its events, whoever reads them.
    pub(crate) fn kept_from(&self, log: usize) -> usize {
        let log = &self.logs[log];
        let window = log.events.len().saturating_sub(self.rules.window);
        window.min(log.last_append)
    }

    /// Whether a sequence begins with the event number `index`, or will.
    pub(crate) fn is_begin(&self, log: usize, index: usize) -> bool {
        index == 0 || self.logs[log].events[index - 1].is_last
    }
}

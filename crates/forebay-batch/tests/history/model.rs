//! The oracle: which load waits for which call, in plain sequential words.
//!
//! It does not say when calls begin. It is told, and says who may get what from them.

use forebay_batch::Join;
use forebay_core::LoadError;

use crate::event::{Asked, KEYS, Rules};
use crate::ledger::{Answer, Value};

pub(crate) struct Model {
    pub(crate) rules: Rules,
    pub(crate) now: u64,
    pub(crate) seats: Vec<Seat>,
    pub(crate) loads: Vec<Load>,
    pub(crate) calls: Vec<Call>,
    /// The seat at which later loads of each key join.
    listed: [Option<usize>; KEYS as usize],
    cache: [Option<Answer>; KEYS as usize],
    pub(crate) closed: bool,
    primed: usize,
}

/// A key that waits or is in a call.
pub(crate) struct Seat {
    pub(crate) key: u8,
    pub(crate) since: u64,
    /// How many wait for it. Nobody: it is gone, unless it is in a call.
    pub(crate) waits: usize,
    pub(crate) call: Option<usize>,
    pub(crate) answer: Option<Answer>,
    /// It was told to leave.
    pub(crate) released: bool,
}

/// One load, of one or many keys.
pub(crate) struct Load {
    asked: Asked,
    fresh: bool,
    /// The call that makes it, if one does.
    parent: Option<usize>,
    pub(crate) state: State,
}

pub(crate) enum State {
    New,
    Waiting(Vec<Part>),
    Done,
}

/// The answer of one key, or the seat where it will be.
pub(crate) enum Part {
    Here(Answer),
    There(usize),
}

pub(crate) struct Call {
    pub(crate) seats: Vec<usize>,
    pub(crate) since: u64,
    pub(crate) running: bool,
    /// Nobody waits for it any more.
    abandoned: bool,
    /// The load that it makes itself.
    pub(crate) nested: Option<usize>,
}

impl Model {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            now: 0,
            seats: Vec::new(),
            loads: Vec::new(),
            calls: Vec::new(),
            listed: Default::default(),
            cache: Default::default(),
            closed: false,
            primed: 1_000,
        }
    }

    /// Notes a load that was not polled yet; returns its number.
    pub(crate) fn load(&mut self, asked: Asked, fresh: bool, parent: Option<usize>) -> usize {
        self.loads.push(Load {
            asked,
            fresh,
            parent,
            state: State::New,
        });
        self.loads.len() - 1
    }

    /// The first poll of a load.
    pub(crate) fn enter(&mut self, load: usize) {
        let it = &self.loads[load];
        let (fresh, parent) = (it.fresh, it.parent);
        let keys = match &it.asked {
            Asked::One(key) => vec![*key],
            Asked::Many(keys) => keys.clone(),
        };
        // Those that are cached are found before the others enter, which changes nothing.
        let parts = keys.into_iter().map(|key| self.seat(key, fresh, parent));
        let parts = parts.collect();
        self.loads[load].state = State::Waiting(parts);
    }

    fn seat(&mut self, key: u8, fresh: bool, parent: Option<usize>) -> Part {
        let place = usize::from(key);
        if let Some(answer) = self.cache[place].clone().filter(|_| !fresh) {
            return Part::Here(answer);
        }
        if self.closed {
            return Part::Here(Err(LoadError::Closed));
        }
        let waits = |seat: &usize| self.seats[*seat].call.is_none();
        let joined = self.listed[place].filter(|seat| match self.rules.join {
            Join::Off => false,
            Join::InFlight => !fresh || waits(seat),
            _ => waits(seat),
        });
        if let Some(seat) = joined {
            if let (Some(parent), Some(call)) = (parent, self.seats[seat].call)
                && self.waits_for(call, parent)
            {
                return Part::Here(Err(LoadError::Cycle));
            }
            self.seats[seat].waits += 1;
            return Part::There(seat);
        }
        if self
            .rules
            .waiting_max
            .is_some_and(|max| self.waiting().count() >= max)
        {
            return Part::Here(Err(LoadError::Rejected));
        }
        self.seats.push(Seat {
            key,
            since: self.now,
            waits: 1,
            call: None,
            answer: None,
            released: false,
        });
        let seat = self.seats.len() - 1;
        self.listed[place] = Some(seat);
        Part::There(seat)
    }

    /// Whether a call is another one, or waits for it.
    fn waits_for(&self, call: usize, other: usize) -> bool {
        let awaited = |call: usize| {
            let State::Waiting(parts) = &self.loads[self.calls[call].nested?].state else {
                return None;
            };
            match parts[0] {
                Part::There(seat) => self.seats[seat].call,
                Part::Here(_) => None,
            }
        };
        let mut chain = std::iter::successors(Some(call), |call| awaited(*call));
        chain.any(|call| call == other)
    }

    /// The answers of a load, once it has all of them.
    pub(crate) fn answers(&self, load: usize) -> Option<Vec<Answer>> {
        let State::Waiting(parts) = &self.loads[load].state else {
            return None;
        };
        let answer = |part: &Part| match part {
            Part::Here(answer) => Some(answer.clone()),
            Part::There(seat) => self.seats[*seat].answer.clone(),
        };
        parts.iter().map(answer).collect()
    }

    /// A load ends, with its answer or by being dropped.
    pub(crate) fn leave(&mut self, load: usize) {
        let state = std::mem::replace(&mut self.loads[load].state, State::Done);
        let State::Waiting(parts) = state else {
            return;
        };
        for part in parts {
            if let Part::There(seat) = part
                && self.seats[seat].answer.is_none()
            {
                self.vacate(seat);
            }
        }
    }

    fn vacate(&mut self, seat: usize) {
        self.seats[seat].waits -= 1;
        match self.seats[seat].call {
            None if self.seats[seat].waits == 0 => self.unlist(seat),
            None => {}
            Some(call) => {
                let seats = self.calls[call].seats.clone();
                let is_watched = seats.iter().any(|seat| self.seats[*seat].waits > 0);
                // Those who carry calls out themselves are the only ones who could go on.
                let keeps = self.rules.keeps_abandoned && !self.rules.is_inline;
                if !is_watched && !keeps {
                    self.calls[call].abandoned = true;
                    seats.into_iter().for_each(|seat| self.unlist(seat));
                }
            }
        }
    }

    fn unlist(&mut self, seat: usize) {
        let listed = &mut self.listed[usize::from(self.seats[seat].key)];
        listed.take_if(|listed| *listed == seat);
    }

    /// The seats that wait, the oldest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = usize> {
        let seats = self.seats.iter().enumerate();
        let waiting = seats.filter(|(_, seat)| seat.call.is_none() && seat.waits > 0);
        waiting.map(|(number, _)| number)
    }

    /// What waits is told to leave.
    pub(crate) fn release(&mut self) {
        for seat in &mut self.seats {
            seat.released |= seat.call.is_none();
        }
    }

    /// The calls that run.
    pub(crate) fn running(&self) -> impl Iterator<Item = usize> {
        let calls = self.calls.iter().enumerate();
        calls.filter(|(_, call)| call.running).map(|(call, _)| call)
    }

    /// A call begins: its keys must be those of its group that have waited longest, in order.
    pub(crate) fn begin(&mut self, call: usize, keys: &[u8]) {
        assert_eq!(call, self.calls.len());
        let group = self.rules.group_of(keys[0]);
        let oldest = self.waiting().filter(|seat| {
            let key = self.seats[*seat].key;
            self.rules.group_of(key) == group
        });
        let seats: Vec<_> = oldest.take(keys.len()).collect();
        let expected: Vec<_> = seats.iter().map(|seat| self.seats[*seat].key).collect();
        assert_eq!(keys, expected, "keys of call {call}");
        let weight: usize = keys.iter().map(|key| self.rules.weight_of(*key)).sum();
        assert!(
            weight <= self.rules.batch_max || keys.len() == 1,
            "{keys:?}"
        );
        for seat in &seats {
            self.seats[*seat].call = Some(call);
        }
        self.calls.push(Call {
            seats,
            since: self.now,
            running: true,
            abandoned: false,
            nested: None,
        });
    }

    /// A call ends with these answers.
    pub(crate) fn end(&mut self, call: usize, answers: Vec<Answer>) {
        self.calls[call].running = false;
        for (seat, answer) in self.calls[call].seats.clone().into_iter().zip(answers) {
            let key = usize::from(self.seats[seat].key);
            if self.rules.is_cached && answer.is_ok() && self.listed[key] == Some(seat) {
                self.cache[key] = Some(answer.clone());
            }
            self.seats[seat].answer = Some(answer);
            self.unlist(seat);
        }
    }

    /// A call was dropped: because nobody waits for it, because it took too long, or because its
    /// runtime has `ended`.
    pub(crate) fn drop_call(&mut self, call: usize, ended: bool) {
        let it = &self.calls[call];
        let is_late = |timeout| it.since + timeout <= self.now;
        let error = if ended || it.abandoned {
            LoadError::Abandoned
        } else {
            assert!(
                self.rules.timeout.is_some_and(is_late),
                "call {call} was dropped"
            );
            LoadError::TimedOut
        };
        let answers = vec![Err(error); it.seats.len()];
        self.end(call, answers);
    }

    pub(crate) fn clear(&mut self, key: u8) {
        let place = usize::from(key);
        self.cache[place] = None;
        self.detach(key);
    }

    /// Puts a value in unless there is one; returns it if it was put in.
    pub(crate) fn prime(&mut self, key: u8, value: Value) -> bool {
        let is_free = self.rules.is_cached && self.cache[usize::from(key)].is_none();
        if is_free {
            self.replace(key, value);
        }
        is_free
    }

    pub(crate) fn replace(&mut self, key: u8, value: Value) {
        self.detach(key);
        if self.rules.is_cached {
            self.cache[usize::from(key)] = Some(Ok(Some(value)));
        }
    }

    /// A value that no call has read.
    pub(crate) const fn new_value(&mut self, key: u8) -> Value {
        self.primed += 1;
        (key, self.primed)
    }

    pub(crate) fn peek(&self, key: u8) -> Option<Answer> {
        self.cache[usize::from(key)].clone()
    }

    fn detach(&mut self, key: u8) {
        let seats = &self.seats;
        self.listed[usize::from(key)].take_if(|seat| seats[*seat].call.is_some());
    }
}

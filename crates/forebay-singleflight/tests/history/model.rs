//! The oracle: what a group promises, in plain sequential words.

use forebay_core::LoadError;
use forebay_singleflight::{OnFailure, OnTimeout, Role};

use crate::Outcome;
use crate::event::Rules;
use crate::flights::Flight;

/// A time that never comes.
const NEVER: u64 = u64::MAX;

pub(crate) struct Model {
    pub(crate) rules: Rules,
    pub(crate) now: u64,
    pub(crate) flights: Vec<Flight>,
    pub(crate) calls: Vec<Call>,
    loads: Vec<Load>,
    /// The flight of each claim that is held.
    pub(crate) claims: Vec<Option<usize>>,
}

/// What a poll must come to.
#[derive(Debug)]
pub(crate) enum Expected {
    Pending,
    Panic,
    /// The answer, the role, and how many followers the flight had if it ended with this.
    Answer(Outcome, Role, Option<usize>),
}

pub(crate) struct Call {
    key: u8,
    timeout: Option<u64>,
    pub(crate) state: State,
    role: Role,
    /// Somebody woke it since it was last polled.
    pub(crate) woken: bool,
    /// When it is to be looked at next, and when it gives up.
    alarm: u64,
    pub(crate) deadline: u64,
}

#[derive(Clone, Copy)]
pub(crate) enum State {
    New,
    Following(usize),
    Loading { flight: usize, load: usize },
    Alone { load: usize },
    Done,
}

struct Load {
    call: usize,
    running: bool,
    step: Option<Step>,
}

#[derive(Clone, Copy)]
pub(crate) enum Step {
    Answer,
    Fail,
    Panic,
}

impl Model {
    pub(crate) const fn new(rules: Rules) -> Self {
        Self {
            rules,
            now: 0,
            flights: Vec::new(),
            calls: Vec::new(),
            loads: Vec::new(),
            claims: Vec::new(),
        }
    }

    pub(crate) fn call(&mut self, key: u8, timeout: Option<u8>) {
        self.calls.push(Call {
            key,
            timeout: timeout.map(u64::from).or(self.rules.timeout),
            state: State::New,
            role: Role::Leader,
            woken: false,
            alarm: NEVER,
            deadline: NEVER,
        });
    }

    pub(crate) fn poll(&mut self, call: usize) -> Expected {
        self.calls[call].woken = false;
        match self.calls[call].state {
            State::New => self.join(call),
            State::Following(flight) => self.follow(call, flight),
            State::Loading { flight, load } => self.load(call, flight, load),
            State::Alone { load } => self.fall_back(call, load),
            State::Done => unreachable!("the driver polls no call that is done"),
        }
    }

    fn join(&mut self, call: usize) -> Expected {
        let Some(flight) = self.visible(self.calls[call].key) else {
            let flight = self.open(self.calls[call].key);
            return self.begin(call, flight, Role::Leader);
        };
        if self.flights[flight].loaders == 0 {
            return self.begin(call, flight, Role::Promoted);
        }
        let hedge = self.hedge().map_or(NEVER, |(after, _)| self.now + after);
        let it = &mut self.calls[call];
        it.deadline = it.timeout.map_or(NEVER, |timeout| self.now + timeout);
        it.alarm = hedge.min(it.deadline);
        it.state = State::Following(flight);
        self.flights[flight].followers.push(call);
        Expected::Pending
    }

    fn follow(&mut self, call: usize, flight: usize) -> Expected {
        if let Some(landed) = self.landed(flight) {
            return self.finish(call, Role::Follower, landed);
        }
        let Call {
            alarm, deadline, ..
        } = self.calls[call];
        if deadline <= self.now {
            self.flights[flight]
                .followers
                .retain(|follower| *follower != call);
            self.settle(flight);
            if self.rules.on_timeout == OnTimeout::RunOwn {
                let load = self.start(call);
                self.calls[call].state = State::Alone { load };
                return Expected::Pending;
            }
            return self.finish(call, Role::Follower, (Err(LoadError::TimedOut), None));
        }
        let hedges_max = self.hedge().map_or(0, |(_, max)| max);
        let role = if self.flights[flight].loaders == 0 {
            Role::Promoted
        } else if alarm <= self.now && self.flights[flight].hedges < hedges_max {
            self.flights[flight].hedges += 1;
            Role::Hedge
        } else {
            if alarm <= self.now {
                self.calls[call].alarm = deadline;
            }
            return Expected::Pending;
        };
        self.flights[flight]
            .followers
            .retain(|follower| *follower != call);
        self.begin(call, flight, role)
    }

    fn load(&mut self, call: usize, flight: usize, load: usize) -> Expected {
        if let Some(landed) = self.landed(flight) {
            self.loads[load].running = false;
            return self.finish(call, Role::Follower, landed);
        }
        let Some(step) = self.loads[load].step.take() else {
            return Expected::Pending;
        };
        self.loads[load].running = false;
        self.flights[flight].loaders -= 1;
        let role = self.calls[call].role;
        let (outcome, policy) = match step {
            Step::Answer => (Ok(load as u64), OnFailure::Share),
            Step::Fail => (Err(LoadError::from("failed")), self.rules.on_error),
            Step::Panic => (
                Err(LoadError::Panicked("panicked".into())),
                self.rules.on_panic,
            ),
        };
        let it = &mut self.flights[flight];
        let answer = match policy {
            OnFailure::Promote { max } if it.retries < max && !it.followers.is_empty() => {
                it.retries += 1;
                self.settle(flight);
                (outcome, None)
            }
            _ => {
                let followers = it.followers.len();
                self.land(flight, outcome.clone());
                (outcome, Some(followers))
            }
        };
        if matches!(step, Step::Panic) {
            self.calls[call].state = State::Done;
            return Expected::Panic;
        }
        self.finish(call, role, answer)
    }

    fn fall_back(&mut self, call: usize, load: usize) -> Expected {
        let Some(step) = self.loads[load].step.take() else {
            return Expected::Pending;
        };
        self.loads[load].running = false;
        let outcome = match step {
            Step::Answer => Ok(load as u64),
            Step::Fail => Err(LoadError::from("failed")),
            Step::Panic => {
                self.calls[call].state = State::Done;
                return Expected::Panic;
            }
        };
        self.finish(call, Role::Fallback, (outcome, None))
    }

    fn finish(
        &mut self,
        call: usize,
        role: Role,
        (outcome, followers): (Outcome, Option<usize>),
    ) -> Expected {
        self.calls[call].state = State::Done;
        Expected::Answer(outcome, role, followers)
    }

    pub(crate) fn drop_call(&mut self, call: usize) {
        let state = std::mem::replace(&mut self.calls[call].state, State::Done);
        match state {
            State::Following(flight) if self.flights[flight].end.is_none() => {
                self.flights[flight]
                    .followers
                    .retain(|follower| *follower != call);
                self.settle(flight);
            }
            State::Loading { flight, load } => {
                self.loads[load].running = false;
                self.vacate(flight);
            }
            State::Alone { load } => self.loads[load].running = false,
            State::New | State::Following(_) | State::Done => {}
        }
    }

    /// Makes the next poll of a load do something, and wakes its call.
    pub(crate) fn step(&mut self, load: usize, step: Step) {
        self.loads[load].step = Some(step);
        self.calls[self.loads[load].call].woken = true;
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.now += seconds;
        for call in 0..self.calls.len() {
            let follows = match self.calls[call].state {
                State::Following(flight) => self.flights[flight].end.is_none(),
                _ => false,
            };
            self.calls[call].woken |= follows && self.calls[call].alarm <= self.now;
        }
    }

    pub(crate) const fn started(&self) -> usize {
        self.loads.len()
    }

    /// Returns the loads that run.
    pub(crate) fn running(&self) -> Vec<usize> {
        let running = |load: &usize| self.loads[*load].running;
        (0..self.loads.len()).filter(running).collect()
    }

    /// Returns the loads that run and were not told how to end.
    pub(crate) fn undecided(&self) -> Vec<usize> {
        let mut running = self.running();
        running.retain(|load| self.loads[*load].step.is_none());
        running
    }

    /// Returns the calls that are neither done nor dropped.
    pub(crate) fn live(&self) -> Vec<usize> {
        let live = |call: &usize| !matches!(self.calls[*call].state, State::Done);
        (0..self.calls.len()).filter(live).collect()
    }

    pub(crate) fn is_new(&self, call: usize) -> bool {
        matches!(self.calls[call].state, State::New)
    }

    pub(crate) fn hedge(&self) -> Option<(u64, usize)> {
        match self.rules.on_timeout {
            OnTimeout::Hedge { after, max } => Some((after.as_secs(), max)),
            _ => None,
        }
    }

    fn start(&mut self, call: usize) -> usize {
        self.loads.push(Load {
            call,
            running: true,
            step: None,
        });
        self.loads.len() - 1
    }

    fn begin(&mut self, call: usize, flight: usize, role: Role) -> Expected {
        let load = self.start(call);
        self.flights[flight].loaders += 1;
        self.calls[call].role = role;
        self.calls[call].state = State::Loading { flight, load };
        Expected::Pending
    }
}

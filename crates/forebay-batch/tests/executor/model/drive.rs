use std::collections::HashSet;

use forebay_batch::ExecuteError;
use forebay_core::LoadError;

use crate::hand::Hand;
use crate::model::{Ending, Event, Kind, Settings, TICK, WINDOW, weight};
use crate::mutations::{Counter, End, Outcome, Receipt, Step, done, failed, lost};

/// Somebody who waits for the results of its values.
struct Submission<'a> {
    hand: Hand<'a, Vec<Outcome>>,
    values: Vec<u32>,
    /// What is known from the beginning of those that were refused.
    refused: Vec<Option<LoadError<&'static str>>>,
}

pub(super) struct Drive<'a> {
    settings: &'a Settings,
    counter: &'a Counter<u32>,
    submissions: Vec<Submission<'a>>,
    submitted: u32,
    /// Values that wait, as far as the oracle knows, and those that must never be sent.
    waiting: HashSet<u32>,
    never: HashSet<u32>,
    wholes: Vec<Vec<u32>>,
    endings: Vec<Option<Ending>>,
    is_closed: bool,
    seen_calls: usize,
}

impl<'a> Drive<'a> {
    pub(super) fn new(settings: &'a Settings, counter: &'a Counter<u32>) -> Self {
        Self {
            settings,
            counter,
            submissions: Vec::new(),
            submitted: 0,
            waiting: HashSet::new(),
            never: HashSet::new(),
            wholes: Vec::new(),
            endings: Vec::new(),
            is_closed: false,
            seen_calls: 0,
        }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Submit(kind, count) => self.submit(*kind, *count),
            Event::Poll(index) if !self.submissions.is_empty() => {
                self.poll(index.index(self.submissions.len()));
            }
            Event::Drop(index) if !self.submissions.is_empty() => {
                self.drop_one(index.index(self.submissions.len()));
            }
            Event::End(index, ending) => {
                let calls = self.counter.ledger.undecided();
                if !calls.is_empty() {
                    self.end(calls[index.index(calls.len())], *ending);
                }
            }
            Event::Step => {
                self.counter.runtime.step();
            }
            Event::Tick => self.counter.runtime.pass(TICK),
            Event::Dispatch => {
                let waiting = self.waiting.len();
                assert_eq!(self.counter.executor.dispatch(), waiting);
            }
            Event::Close => {
                self.counter.executor.close();
                self.is_closed = true;
            }
            Event::Run | Event::Poll(_) | Event::Drop(_) => self.run(),
        }
        self.check();
    }

    fn submit(&mut self, kind: Kind, count: u32) {
        let count = if kind == Kind::Single { 1 } else { count };
        let values: Vec<u32> = (self.submitted..).take(count as usize).collect();
        self.submitted += count;
        let refused = self.admit(kind, &values);
        for (value, refused) in values.iter().zip(&refused) {
            let set = match refused {
                None => &mut self.waiting,
                Some(_) => &mut self.never,
            };
            set.insert(*value);
        }
        let executor = &self.counter.executor;
        let hand = match kind {
            Kind::Single => {
                let one = executor.execute(values[0]);
                Hand::new(async move { vec![one.await] })
            }
            Kind::Many => Hand::new(executor.execute_many(values.clone())),
            Kind::Whole => Hand::new(executor.execute_whole(values.clone())),
        };
        if kind == Kind::Whole && refused.iter().all(Option::is_none) {
            self.wholes.push(values.clone());
        }
        self.submissions.push(Submission {
            hand,
            values,
            refused,
        });
        self.poll(self.submissions.len() - 1);
    }

    /// Which values are refused, and why.
    fn admit(&self, kind: Kind, values: &[u32]) -> Vec<Option<LoadError<&'static str>>> {
        if self.is_closed {
            return vec![Some(LoadError::Closed); values.len()];
        }
        let room = self.settings.waiting_max.saturating_sub(self.waiting.len());
        let mut rejected = vec![Some(LoadError::Rejected); values.len()];
        if kind != Kind::Whole {
            rejected.iter_mut().take(room).for_each(|one| *one = None);
            return rejected;
        }
        let group = |value: &u32| value % self.settings.groups;
        let is_one_group = values.iter().all(|value| group(value) == group(&values[0]));
        let heavy = values.iter().map(|value| weight(*value)).sum::<usize>();
        let fits = values.len() == 1 || heavy <= self.settings.batch_max;
        if is_one_group && fits && values.len() <= room {
            rejected.fill(None);
        }
        rejected
    }

    fn poll(&mut self, place: usize) {
        let submission = &mut self.submissions[place];
        if let std::task::Poll::Ready(outcomes) = submission.hand.poll() {
            let submission = self.submissions.remove(place);
            self.note_calls();
            assert_eq!(outcomes, self.expected(&submission));
        }
    }

    fn drop_one(&mut self, place: usize) {
        self.note_calls();
        let submission = self.submissions.remove(place);
        for value in &submission.values {
            if self.waiting.remove(value) {
                self.never.insert(*value);
            }
        }
        drop(submission);
    }

    fn end(&mut self, call: usize, ending: Ending) {
        let sent = self.counter.ledger.calls()[call].len();
        let (ending, step) = match ending {
            Ending::Results(got) if got != sent => (ending, Step::results(got)),
            Ending::Execute | Ending::Results(_) => (Ending::Execute, Step::Execute),
            Ending::Fail => (ending, Step::Fail("refused")),
            Ending::Panic => (ending, Step::Panic("broken")),
            Ending::FailOdd => {
                let result = |call, value: u32| match value % 2 {
                    1 => Err("odd"),
                    _ => Ok(Receipt { value, call }),
                };
                let end = Step::end(move |call, values| {
                    Ok(values.iter().map(|value| result(call, *value)).collect())
                });
                (ending, end)
            }
        };
        self.endings.resize(self.endings.len().max(call + 1), None);
        self.endings[call] = Some(ending);
        self.counter.ledger.step(call, step);
    }

    /// Polls tasks and whoever is due, until nothing more happens.
    fn run(&mut self) {
        self.counter.run();
        while let Some(due) = self.submissions.iter().position(|one| one.hand.is_due()) {
            self.poll(due);
            self.counter.run();
        }
    }

    /// What a submission gets, all of whose calls have ended.
    fn expected(&self, submission: &Submission<'_>) -> Vec<Outcome> {
        let values = submission.values.iter().zip(&submission.refused);
        values
            .map(|(value, refused)| match refused {
                Some(error) => lost(error.clone()),
                None => self.outcome(*value),
            })
            .collect()
    }

    fn outcome(&self, value: u32) -> Outcome {
        let calls = self.counter.ledger.calls();
        let call = calls.iter().position(|call| call.contains(&value));
        let call = call.expect("a value that was not refused was sent");
        let sent = calls[call].len();
        if self.counter.ledger.ends()[call] == End::Dropped {
            assert!(self.settings.is_bounded, "nothing else drops a call");
            return lost(LoadError::TimedOut);
        }
        match self.endings[call].expect("it has ended") {
            Ending::FailOdd if value % 2 == 1 => failed("odd"),
            Ending::Execute | Ending::FailOdd => done(value, call),
            Ending::Fail => failed("refused"),
            Ending::Panic => lost(LoadError::Panicked("broken".into())),
            Ending::Results(got) => Err(ExecuteError::WrongLength { sent, got }),
        }
    }

    /// Takes note of the values that were sent since, each of which has waited.
    fn note_calls(&mut self) {
        let calls = self.counter.ledger.calls();
        for call in &calls[self.seen_calls..] {
            assert!(!call.is_empty());
            for value in call {
                assert!(!self.never.contains(value), "{value} was never to be sent");
                assert!(self.waiting.remove(value), "{value} was sent twice");
            }
            let group = |value: &u32| value % self.settings.groups;
            assert!(call.iter().all(|value| group(value) == group(&call[0])));
            let heavy = call.iter().map(|value| weight(*value)).sum::<usize>();
            assert!(call.len() == 1 || heavy <= self.settings.batch_max);
            let whole = |whole: &&Vec<u32>| whole.iter().any(|value| call.contains(value));
            for whole in self.wholes.iter().filter(whole) {
                assert!(whole.iter().all(|value| call.contains(value)));
            }
        }
        self.seen_calls = calls.len();
        for group in 0..self.settings.groups {
            let sent = calls.iter().flatten().copied();
            let sent = sent.filter(|value| value % self.settings.groups == group);
            assert!(sent.is_sorted(), "group {group} lost its order");
        }
    }

    fn check(&mut self) {
        self.note_calls();
        let ledger = &self.counter.ledger;
        let ends = ledger.ends();
        let running = |(_, end): &(&Vec<u32>, &End)| **end == End::Running;
        let calls = ledger.calls();
        let running = calls.iter().zip(&ends).filter(running);
        let running = running.map(|(call, _)| call.len()).sum::<usize>();
        assert_eq!(self.counter.counts(), (self.waiting.len(), running));
        assert!(ledger.running_max() <= self.settings.calls_max);
        let has_ended = |value: &u32| {
            let call = calls.iter().position(|call| call.contains(value));
            call.is_some_and(|call| ends[call] != End::Running)
        };
        for submission in &self.submissions {
            let values = submission.values.iter().zip(&submission.refused);
            let mut values = values.filter(|(_, refused)| refused.is_none());
            if values.all(|(value, _)| has_ended(value)) {
                assert!(submission.hand.is_woken(), "{:?}", submission.values);
            }
        }
    }

    /// Lets everything come to its end.
    pub(super) fn finish(mut self) {
        for _ in 0..self.submitted + 2 {
            self.counter.executor.dispatch();
            self.run();
            for call in self.counter.ledger.undecided() {
                self.end(call, Ending::Execute);
            }
            self.run();
            self.check();
        }
        assert!(self.submissions.is_empty(), "somebody waits for ever");
        assert_eq!(self.waiting.len(), 0);
        // A timer for what has left is set to when that would have had to.
        self.counter.runtime.pass(TICK * WINDOW);
        self.counter.is_over();
    }
}

//! The batcher itself, led through a history beside the oracle.

use std::hash::Hash;
use std::task::Poll;
use std::time::Duration;

use forebay_batch::{Batcher, Builder, Dispatch, PerRequest};
use forebay_testkit::Gone;

use crate::event::{Asked, Ending, Event, KEYS, Rules};
use crate::hand::Hand;
use crate::ledger::{Answer, Entry, Error, Ledger, Value};
use crate::model::{Model, State};
use crate::pool::Pool;
use crate::roaming::Roaming;

pub(crate) struct Drive<G> {
    model: Model,
    ledger: Ledger,
    runtime: Roaming,
    pool: Option<Pool>,
    batcher: Batcher<u8, Value, Error, G>,
    /// By the numbers of the oracle; `None` for those that have ended, and for those of calls.
    loads: Vec<Option<Hand<'static, Vec<Answer>>>>,
    drains: Vec<Hand<'static, ()>>,
    /// Whether the runtime has ended during this event.
    ended: bool,
}

pub(crate) fn builder(rules: &Rules) -> (Builder<Ledger, u8>, Ledger, Roaming, Option<Pool>) {
    let (ledger, runtime) = (Ledger::default(), Roaming::new());
    let pool = rules.permits.map(Pool::new);
    let mut builder = Batcher::builder(ledger.clone())
        .runtime(runtime.clone())
        .max_batch(rules.batch_max)
        .max_in_flight(rules.calls_max)
        .dispatch(rules.dispatch)
        .gather(rules.rounds)
        .join(rules.join)
        .keep_abandoned(rules.keeps_abandoned);
    if let Some(max) = rules.waiting_max {
        builder = builder.max_waiting(max);
    }
    if let Some(timeout) = rules.timeout {
        builder = builder.call_timeout(Duration::from_millis(timeout));
    }
    if rules.is_cached {
        builder = builder.cache(PerRequest::new());
    }
    if rules.is_inline {
        builder = builder.inline();
    }
    if rules.is_weighed {
        let rules = rules.clone();
        builder = builder.weigh(move |key| rules.weight_of(*key));
    }
    if let Some(pool) = pool.clone() {
        builder = builder.permits(move || {
            let permit = pool.clone().take();
            async move { permit.await.map_err(|_| usize::MAX) }
        });
    }
    (builder, ledger, runtime, pool)
}

impl<G> Drive<G>
where
    G: Eq + Hash + Send + 'static,
{
    pub(crate) fn new(
        rules: &Rules,
        settings: impl FnOnce(Builder<Ledger, u8>) -> Builder<Ledger, u8, G>,
    ) -> Self {
        let (builder, ledger, runtime, pool) = builder(rules);
        let batcher = settings(builder)
            .build()
            .expect("the rules are possible ones");
        let asked = batcher.clone();
        ledger.set_ask(Some(Box::new(move |key| {
            let batcher = asked.clone();
            Box::pin(async move { batcher.load(&key).await })
        })));
        Self {
            model: Model::new(rules.clone()),
            ledger,
            runtime,
            pool,
            batcher,
            loads: Vec::new(),
            drains: Vec::new(),
            ended: false,
        }
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        self.ended = false;
        match event {
            Event::Load { keys, fresh } => self.load(keys, *fresh),
            Event::Poll(number) => {
                if let Some(load) = pick(&self.live(), *number) {
                    self.poll(load);
                }
            }
            Event::Drop(number) => {
                if let Some(load) = pick(&self.live(), *number) {
                    self.model.leave(load);
                    self.loads[load] = None;
                }
            }
            Event::Step => drop(self.runtime.here().step()),
            Event::Run => drop(self.runtime.here().run()),
            Event::End(number, ending) => {
                if let Some(call) = self.call(*number) {
                    self.ledger.end(call, *ending);
                }
            }
            Event::Nest(number, key) => {
                if let Some(call) = self.call(*number).filter(|_| self.model.rules.nests) {
                    self.ledger.nest(call, *key);
                }
            }
            Event::Clear(_) | Event::ClearAll | Event::Prime(_) | Event::Replace(_) => {
                self.put(event);
            }
            Event::Dispatch => self.dispatch(),
            Event::Permit => self.pool.iter().for_each(|pool| pool.add(1)),
            Event::Advance(millis) => {
                self.model.now += millis;
                self.runtime.clock.pass(Duration::from_millis(*millis));
            }
            Event::EndRuntime { drops } => {
                self.ended = true;
                let end = if *drops { Gone::Drops } else { Gone::Refuses };
                self.runtime.moves(end);
            }
            Event::Drain => {
                let batcher = self.batcher.clone();
                self.drains
                    .push(Hand::new(async move { batcher.drain().await }));
            }
            Event::Close => {
                self.model.release();
                self.batcher.close();
                self.model.closed = true;
            }
        }
        self.compare(matches!(event, Event::Run));
    }

    /// Ends all calls, then polls what is due, and nothing else, until nothing more happens: by then
    /// each load has its answers and nothing is left.
    pub(crate) fn finish(mut self) {
        self.pool.iter().for_each(|pool| pool.add(100));
        for _ in 0..1_000 {
            self.apply(&Event::Run);
            let due = |load: &usize| self.loads[*load].as_ref().is_some_and(Hand::is_due);
            if let Some(load) = self.live().into_iter().find(due) {
                self.poll(load);
                self.compare(false);
            } else if self.model.running().next().is_some() {
                let calls = self.model.running();
                calls.for_each(|call| self.ledger.end(call, Ending::WELL));
            } else if self.model.waiting().next().is_some() {
                // They wait for somebody to tell them to leave, or for their time.
                assert!(matches!(
                    self.model.rules.dispatch,
                    Dispatch::Manual | Dispatch::Window(_)
                ));
                self.apply(&Event::Dispatch);
                self.apply(&Event::Advance(20));
            } else {
                break;
            }
        }
        assert_eq!(self.live(), [0; 0], "these loads wait for ever");
        self.drains
            .retain_mut(|drain| !drain.is_due() || drain.poll().is_pending());
        assert_eq!(self.drains.len(), 0, "those who drain wait for ever");
        self.ledger.set_ask(None);
        drop(self.batcher);
        let last = self.runtime.here();
        last.run();
        assert_eq!((last.tasks(), self.runtime.clock.sleepers()), (0, 0));
    }

    fn load(&mut self, keys: &Asked, fresh: bool) {
        let fresh = fresh && matches!(keys, Asked::One(_));
        let load = self.model.load(keys.clone(), fresh, None);
        self.loads.resize_with(load, || None);
        let batcher = self.batcher.clone();
        self.loads.push(Some(match keys.clone() {
            Asked::One(key) if fresh => {
                Hand::new(async move { vec![batcher.load_fresh(&key).await] })
            }
            Asked::One(key) => Hand::new(async move { vec![batcher.load(&key).await] }),
            Asked::Many(keys) => Hand::new(async move { batcher.load_many(&keys).await }),
        }));
    }

    fn poll(&mut self, load: usize) {
        if matches!(self.model.loads[load].state, State::New) {
            self.model.enter(load);
        }
        let mut hand = self.loads[load].take().expect("it is live");
        let poll = hand.poll();
        // Whoever carries calls out themselves may have done so.
        self.read();
        let expected = self.model.answers(load);
        match (poll, expected) {
            (Poll::Ready(answers), Some(expected)) => {
                assert_eq!(answers, expected, "load {load}");
                self.model.leave(load);
            }
            (Poll::Pending, None) => self.loads[load] = Some(hand),
            (Poll::Pending, Some(_)) if hand.is_woken() => self.loads[load] = Some(hand),
            (poll, expected) => panic!("load {load}: {poll:?} instead of {expected:?}"),
        }
    }

    fn put(&mut self, event: &Event) {
        match *event {
            Event::Clear(key) => {
                self.model.clear(key);
                self.batcher.clear(&key);
            }
            Event::ClearAll => {
                (0..KEYS).for_each(|key| self.model.clear(key));
                self.batcher.clear_all();
            }
            Event::Prime(key) => {
                let value = self.model.new_value(key);
                let expected = self.model.prime(key, value);
                assert_eq!(self.batcher.prime(key, Some(value)), expected);
            }
            Event::Replace(key) => {
                let value = self.model.new_value(key);
                self.model.replace(key, value);
                self.batcher.replace(key, Some(value));
            }
            _ => unreachable!("the others are no matter of the cache"),
        }
    }

    fn dispatch(&mut self) {
        self.model.release();
        let count = self.model.waiting().count();
        assert_eq!(self.batcher.dispatch(), count);
    }

    /// Tells the oracle what has happened to calls.
    fn read(&mut self) {
        for entry in self.ledger.entries() {
            match entry {
                Entry::Begun(call, keys) => {
                    self.model.begin(call, &keys);
                    let running = self.model.running().count();
                    assert!(self.model.rules.nests || running <= self.model.rules.calls_max);
                }
                Entry::Nested(call, key) => {
                    let load = self.model.load(Asked::One(key), false, Some(call));
                    self.model.calls[call].nested = Some(load);
                    self.model.enter(load);
                }
                Entry::Told(call, answer) => {
                    let load = self.model.calls[call].nested.take();
                    let load = load.expect("it has asked");
                    assert_eq!(Some(vec![answer]), self.model.answers(load), "load {load}");
                    self.model.leave(load);
                }
                Entry::Left(call) => {
                    let load = self.model.calls[call].nested.take();
                    self.model.leave(load.expect("it has asked"));
                }
                Entry::Ended(call, answers) => self.model.end(call, answers),
                Entry::Dropped(call) => self.model.drop_call(call, self.ended),
            }
        }
    }

    /// Holds what can be seen from outside against the oracle.
    fn compare(&mut self, is_quiet: bool) {
        self.read();
        let stats = self.batcher.stats();
        assert_eq!(
            stats.waiting,
            self.model.waiting().count(),
            "keys that wait"
        );
        let seats = |call: usize| self.model.calls[call].seats.len();
        let running: usize = self.model.running().map(seats).sum();
        assert_eq!(stats.running, running, "keys in calls");
        for key in 0..KEYS {
            assert_eq!(self.batcher.peek(&key), self.model.peek(key), "key {key}");
        }
        for load in self.live() {
            let is_due = self.loads[load].as_ref().is_some_and(Hand::is_due);
            let is_answered = self.model.answers(load).is_some();
            assert!(is_due || !is_answered, "load {load} was not woken");
        }
        if is_quiet {
            self.nothing_waits_in_vain();
        }
    }

    /// When nothing is left to be done, whatever waits has a reason to.
    fn nothing_waits_in_vain(&self) {
        let rules = &self.model.rules;
        let waits_for_poll = |load: &usize| self.loads[*load].as_ref().is_some_and(Hand::is_woken);
        let waits_for_permit = self.pool.as_ref().is_some_and(|pool| pool.waiting() > 0);
        let is_full = self.model.running().count() >= rules.calls_max;
        if is_full || waits_for_permit || self.live().iter().any(waits_for_poll) {
            return;
        }
        for group in 0..2 {
            let in_group = |seat: &usize| rules.group_of(self.model.seats[*seat].key) == group;
            let waiting: Vec<_> = self.model.waiting().filter(in_group).collect();
            let calls = self
                .model
                .running()
                .map(|call| &self.model.calls[call].seats);
            let calls: Vec<_> = calls.filter(|seats| in_group(&seats[0])).collect();
            let running: usize = calls.iter().map(|seats| seats.len()).sum();
            let Some(oldest) = waiting.first().map(|seat| &self.model.seats[*seat]) else {
                continue;
            };
            let may_wait = match rules.dispatch {
                Dispatch::Manual => true,
                Dispatch::Window(_) => {
                    let window = rules.window().expect("it is one");
                    oldest.since + window > self.model.now
                }
                Dispatch::MinSize(size) => !calls.is_empty() && waiting.len() < size,
                _ => {
                    let is_paced = waiting.len() * rules.calls_max >= waiting.len() + running;
                    !calls.is_empty() && !is_paced
                }
            };
            assert!(
                may_wait && !oldest.released && !self.model.closed,
                "{waiting:?} wait"
            );
        }
    }

    fn live(&self) -> Vec<usize> {
        let loads = self.loads.iter().enumerate();
        loads
            .filter_map(|(load, hand)| hand.as_ref().map(|_| load))
            .collect()
    }

    fn call(&self, number: usize) -> Option<usize> {
        pick(&self.model.running().collect::<Vec<_>>(), number)
    }
}

fn pick(from: &[usize], number: usize) -> Option<usize> {
    let position = number.checked_rem(from.len())?;
    from.get(position).copied()
}

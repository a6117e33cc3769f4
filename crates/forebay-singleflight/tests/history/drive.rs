//! The group itself, led through a history beside the oracle.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::time::Duration;

use forebay_singleflight::Info;
use forebay_testkit::HandRuntime;

use crate::Outcome;
use crate::backend::Backend;
use crate::event::{Event, Rules};
use crate::hand::Hand;
use crate::model::{Expected, Model, Step};
use crate::{Error, Group, Leader};

pub(crate) struct Drive {
    model: Model,
    runtime: HandRuntime,
    groups: Vec<Group>,
    backend: Backend<Result<u64, Error>>,
    calls: Vec<Option<Real>>,
    claims: Vec<Option<Leader>>,
}

struct Real {
    hand: Hand<'static, (Outcome, Info)>,
    /// How often it had been woken when it was last polled.
    wakes_seen: usize,
}

impl Drive {
    pub(crate) fn new(rules: &Rules) -> Self {
        let runtime = HandRuntime::default();
        let mut builder = Group::builder()
            .runtime(runtime.clone())
            .shards(1)
            .on_timeout(rules.on_timeout)
            .on_leader_lost(rules.on_leader_lost)
            .handover(rules.handover)
            .on_panic(rules.on_panic)
            .on_error(rules.on_error);
        if let Some(timeout) = rules.timeout {
            builder = builder.follower_timeout(Duration::from_secs(timeout));
        }
        Self {
            model: Model::new(rules.clone()),
            runtime,
            groups: vec![builder.build().expect("the rules are possible ones")],
            backend: Backend::new(),
            calls: Vec::new(),
            claims: Vec::new(),
        }
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match *event {
            Event::Call { key, timeout } => self.call(key, timeout),
            Event::Poll(number) => {
                if let Some(call) = pick(&self.model.live(), number) {
                    self.poll(call);
                }
            }
            Event::Drop(number) => {
                if let Some(call) = pick(&self.model.live(), number) {
                    self.calls[call] = None;
                    self.model.drop_call(call);
                }
            }
            Event::Answer(number) => self.step(number, Step::Answer),
            Event::Fail(number) => self.step(number, Step::Fail),
            Event::Panic(number) => self.step(number, Step::Panic),
            Event::Forget(_) | Event::ForgetUnshared(_) | Event::ForgetAll => self.forget(event),
            Event::Claim(key) => self.claim(key),
            Event::Publish(number) => {
                if let Some(claim) = pick(&self.model.held(), number) {
                    let value = 1000 + claim as u64;
                    let leader = self.claims[claim].take().expect("it is held");
                    assert_eq!(leader.publish(value), value);
                    self.model.publish(claim, value);
                }
            }
            Event::DropClaim(number) => {
                if let Some(claim) = pick(&self.model.held(), number) {
                    self.claims[claim] = None;
                    self.model.drop_claim(claim);
                }
            }
            Event::Advance(seconds) => {
                self.runtime.advance(Duration::from_secs(seconds.into()));
                self.model.advance(seconds.into());
            }
            Event::CloneGroup => self.groups.extend(self.groups.last().cloned()),
            Event::DropGroup => drop(self.groups.pop()),
        }
        self.compare();
    }

    /// Ends all loads and claims, then polls the calls that were woken, and no others, until
    /// nothing more happens: by then each call has its answer and nothing is left.
    pub(crate) fn finish(mut self) {
        for claim in self.model.held() {
            self.claims[claim] = None;
            self.model.drop_claim(claim);
        }
        loop {
            while !self.model.undecided().is_empty() {
                self.step(0, Step::Answer);
            }
            let ready = self.model.live().into_iter().find(|call| {
                let real = self.calls[*call].as_ref().expect("it is live");
                self.model.is_new(*call) || real.is_woken()
            });
            let Some(ready) = ready else { break };
            self.poll(ready);
            self.compare();
        }
        assert_eq!(self.model.live(), [0; 0], "these calls wait for ever");
        assert_eq!(self.backend.running(), 0);
        for group in &self.groups {
            assert_eq!(group.in_flight(), 0);
        }
        self.groups.clear();
        self.runtime.advance(Duration::from_secs(100));
        assert_eq!((self.runtime.tasks(), self.runtime.sleepers()), (0, 0));
    }

    fn call(&mut self, key: u8, timeout: Option<u8>) {
        let Some(group) = self.groups.last() else {
            return;
        };
        let backend = self.backend.clone();
        let work = group.try_work_owned(key, move || backend.load());
        let hand = match timeout {
            Some(seconds) => {
                let timeout = Duration::from_secs(seconds.into());
                Hand::new(work.timeout(timeout).with_info())
            }
            None => Hand::new(work.with_info()),
        };
        self.calls.push(Some(Real {
            hand,
            wakes_seen: 0,
        }));
        self.model.call(key, timeout);
    }

    fn poll(&mut self, call: usize) {
        let expected = self.model.poll(call);
        let real = self.calls[call].as_mut().expect("it is live");
        real.wakes_seen = real.hand.wakes();
        let polled = catch_unwind(AssertUnwindSafe(|| real.hand.poll()));
        match (polled, expected) {
            (Ok(Poll::Pending), Expected::Pending) => return,
            (Err(_), Expected::Panic) => {}
            (Ok(Poll::Ready((outcome, info))), Expected::Answer(expected, role, followers)) => {
                assert_eq!((&outcome, info.role), (&expected, role), "call {call}");
                // Whether one that loads beside the leader counts as a follower is left open.
                if let Some(followers) = followers.filter(|_| self.model.hedge().is_none()) {
                    assert_eq!(info.followers, followers, "call {call}");
                }
            }
            (polled, expected) => panic!("call {call}: {polled:?} instead of {expected:?}"),
        }
        self.calls[call] = None;
    }

    fn step(&mut self, number: usize, step: Step) {
        let Some(load) = pick(&self.model.undecided(), number) else {
            return;
        };
        match step {
            Step::Answer => self.backend.answer(load, Ok(load as u64)),
            Step::Fail => self.backend.answer(load, Err("failed")),
            Step::Panic => self.backend.panic(load, "panicked"),
        }
        self.model.step(load, step);
    }

    fn forget(&mut self, event: &Event) {
        let Some(group) = self.groups.last() else {
            return;
        };
        match *event {
            Event::Forget(key) => assert_eq!(group.forget(&key), self.model.forget(key)),
            Event::ForgetUnshared(key) => {
                assert_eq!(group.forget_unshared(&key), self.model.forget_unshared(key));
            }
            _ => assert_eq!(group.forget_all(), self.model.forget_all()),
        }
    }

    fn claim(&mut self, key: u8) {
        let Some(group) = self.groups.last() else {
            return;
        };
        let claimed = group.claim(&key);
        assert_eq!(claimed.is_some(), self.model.claim(key));
        if claimed.is_some() {
            self.claims.push(claimed);
        }
    }

    /// Holds what can be seen from outside against the oracle.
    fn compare(&self) {
        if let Some(group) = self.groups.last() {
            assert!(
                self.model.in_flight().contains(&group.in_flight()),
                "in flight"
            );
            for key in 0..2 {
                assert_eq!(
                    group.followers(&key),
                    self.model.followers(key),
                    "of key {key}"
                );
            }
        }
        assert_eq!(
            self.backend.started(),
            self.model.started(),
            "loads started"
        );
        assert_eq!(
            self.backend.running(),
            self.model.running().len(),
            "loads running"
        );
        for call in self.model.live() {
            let real = self.calls[call].as_ref().expect("it is live");
            let owed = self.model.calls[call].woken;
            assert!(real.is_woken() || !owed, "call {call} was not woken");
            // One that may begin an extra load is woken for that and for a vacant seat.
            assert!(
                owed || !real.is_woken() || self.model.hedge().is_some(),
                "call {call} was woken"
            );
        }
    }
}

impl Real {
    fn is_woken(&self) -> bool {
        self.hand.wakes() > self.wakes_seen
    }
}

fn pick(from: &[usize], number: usize) -> Option<usize> {
    let position = number.checked_rem(from.len())?;
    from.get(position).copied()
}

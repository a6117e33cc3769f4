//! The logs themselves, led through a history beside the oracle.

use std::time::Duration;

use forebay_core::{Cursor, LogId, Sequence};
use forebay_events::{Position, Publisher, Reason, Retention, Source, Stale};
use forebay_testkit::{Gone, HandRuntime};

use crate::event::{Ending, Event, Rules};
use crate::follower::{Error, Follower, forget};
use crate::model::{End, Model, Place};
use crate::payload::{Census, Counted};

/// More readers than that say nothing new, and cost time.
const READERS_MAX: usize = 90;
/// So many that the writer does not wake them all itself.
const CROWD: usize = 40;

pub(crate) struct Drive {
    pub(crate) model: Model,
    pub(crate) census: Census,
    pub(crate) runtime: HandRuntime,
    pub(crate) publishers: Vec<Option<Publisher<Counted, Error>>>,
    pub(crate) sources: Vec<Source<Counted, Error>>,
    ids: Vec<LogId>,
    pub(crate) followers: Vec<Follower>,
    pub(crate) positions: Vec<(Position<Counted, Error>, Place)>,
    pub(crate) numbers: u64,
    /// Whether the pump was ever needed.
    is_crowded: bool,
}

/// The one that a number stands for, as they are counted round and round.
pub(crate) fn pick(count: usize, number: usize) -> Option<usize> {
    number.checked_rem(count)
}

impl Drive {
    pub(crate) fn new(rules: &Rules) -> Self {
        let mut drive = Self {
            model: Model::new(rules),
            census: Census::default(),
            runtime: HandRuntime::default(),
            publishers: Vec::new(),
            sources: Vec::new(),
            ids: Vec::new(),
            followers: Vec::new(),
            positions: Vec::new(),
            numbers: 0,
            is_crowded: false,
        };
        drive.new_log();
        drive
    }

    fn new_log(&mut self) {
        let rules = &self.model.rules;
        let retention = match rules.limit {
            Some((events, grace)) => {
                Retention::readers_up_to(events).grace(Duration::from_millis(grace))
            }
            None => Retention::READERS,
        };
        let builder = Publisher::builder().retention(retention.with_window(rules.window));
        let builder = match rules.is_inline {
            true => builder.inline(),
            false => builder.runtime(self.runtime.clone()),
        };
        let log = builder.build().expect("the rules are possible ones");
        self.sources.push(log.source());
        self.ids.push(log.log_id());
        self.publishers.push(Some(log));
        self.model.logs.push(Default::default());
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match *event {
            Event::NewLog if self.sources.len() < 6 => self.new_log(),
            Event::NewLog => {}
            Event::Append(log, gap) => self.append(log, gap, 1, true),
            Event::AppendAll(log, gap, size) => self.append(log, gap, size, false),
            Event::Push(log) => self.push(log),
            Event::Break(log, size) => self.break_batch(log, size),
            Event::Advance(log, gap) => self.advance(log, gap),
            Event::End(log, ending) => self.end(log, ending),
            Event::Splice(log, position) => self.splice(log, position),
            Event::Step => drop(self.runtime.step()),
            Event::Run => {
                self.runtime.run();
            }
            Event::Pass(millis) => {
                self.model.now += millis;
                self.runtime.pass(Duration::from_millis(millis));
            }
            Event::ShutDown { drops } => {
                let end = if drops { Gone::Drops } else { Gone::Refuses };
                self.runtime.shut_down(end);
            }
            Event::SubscribePosition(number) => {
                if let Some(number) = pick(self.positions.len(), number) {
                    let (position, place) = &self.positions[number];
                    let follower = Follower::new(position.subscribe(), place.clone());
                    self.come(follower);
                }
            }
            Event::DropPosition(number) => {
                if let Some(number) = pick(self.positions.len(), number) {
                    self.positions.swap_remove(number);
                }
            }
            _ => self.apply_to_source(event),
        }
        let is_settled = matches!(event, Event::Run | Event::ShutDown { .. });
        self.compare(is_settled);
    }

    fn apply_to_source(&mut self, event: &Event) {
        let (Event::Subscribe(number)
        | Event::SubscribeOldest(number)
        | Event::Resume(number, _)
        | Event::ResumeElsewhere(number, _)
        | Event::Crowd(number)
        | Event::PositionOfLog(number)) = *event
        else {
            return self.apply_to_reader(event);
        };
        let log = number % self.sources.len();
        let source = &self.sources[log];
        match *event {
            Event::Subscribe(_) => {
                let follower = Follower::new(source.subscribe(), self.model.end_of(log));
                self.come(follower);
            }
            Event::SubscribeOldest(_) => self.subscribe_oldest(log),
            Event::Resume(_, back) => {
                // Some are ahead of the head.
                let sequence = (self.model.logs[log].head + 5).saturating_sub(back);
                self.resume(log, sequence);
            }
            Event::ResumeElsewhere(_, reader) => self.resume_elsewhere(log, reader),
            Event::Crowd(_) => self.crowd(log),
            _ => {
                let position = source.position();
                self.positions.push((position, self.model.end_of(log)));
            }
        }
    }

    fn apply_to_reader(&mut self, event: &Event) {
        let (Event::ResumeReader(number)
        | Event::Clone(number)
        | Event::Stream(number)
        | Event::Try(number, _)
        | Event::TrySlice(number)
        | Event::Poll(number)
        | Event::Next(number)
        | Event::NextSlice(number)
        | Event::Skip(number)
        | Event::Closer(number)
        | Event::ForceClose(number)
        | Event::DropReader(number)
        | Event::PositionOfReader(number)) = *event
        else {
            unreachable!("all others are dealt with");
        };
        let Some(number) = pick(self.followers.len(), number) else {
            return;
        };
        let model = &self.model;
        let follower = &mut self.followers[number];
        match *event {
            Event::Try(_, times) => follower.try_next(model, times),
            Event::TrySlice(_) => follower.try_slice(model),
            Event::Poll(_) => follower.poll(model),
            Event::Next(_) => follower.next(model, false),
            Event::NextSlice(_) => follower.next(model, true),
            Event::Skip(_) => follower.skip(model),
            Event::Closer(_) => follower.make_closer(),
            Event::ForceClose(_) => follower.force_close(Reason::Other(number.to_string().into())),
            Event::ResumeReader(_) => {
                let (log, sequence) = (follower.place.log, model.cursor(&follower.place));
                self.resume(log, sequence);
            }
            Event::Clone(_) => {
                forget(follower);
                let clone = follower.split();
                clone.into_iter().for_each(|clone| self.come(clone));
            }
            Event::PositionOfReader(_) => {
                let position = follower.subscription().map(|it| it.position());
                let place = follower.place.clone();
                self.positions.extend(position.map(|it| (it, place)));
            }
            Event::Stream(_) => {
                let follower = self.followers.swap_remove(number);
                self.followers.push(follower.into_stream());
            }
            _ => drop(self.followers.swap_remove(number)),
        }
    }

    fn come(&mut self, follower: Follower) {
        if self.followers.len() < READERS_MAX {
            self.followers.push(follower);
        }
    }

    fn crowd(&mut self, log: usize) {
        if self.followers.len() + CROWD > READERS_MAX {
            return;
        }
        self.is_crowded = true;
        for _ in 0..CROWD {
            let place = self.model.end_of(log);
            let mut follower = Follower::new(self.sources[log].subscribe(), place);
            follower.poll(&self.model);
            self.come(follower);
        }
    }

    fn subscribe_oldest(&mut self, log: usize) {
        let subscription = self.sources[log].subscribe_oldest();
        let published = self.model.logs[log].events.len();
        let index = published - subscription.lag() as usize;
        let kept_from = self.model.kept_from(log);
        let whole = (kept_from..).find(|index| self.model.is_begin(log, *index));
        assert!(Some(index) <= whole, "{index} although {whole:?} is kept");
        assert!(self.model.is_begin(log, index));
        let place = self.model.place(log, index);
        self.come(Follower::new(subscription, place));
    }

    fn resume(&mut self, log: usize, sequence: u64) {
        let cursor = Cursor::new(self.ids[log], Sequence::new(sequence));
        let index = self.model.after(log, sequence);
        let head = self.model.logs[log].head;
        match self.sources[log].resume(cursor) {
            Ok(subscription) => {
                assert!(sequence <= head);
                let mut place = self.model.place(log, index);
                place.floor = sequence;
                self.come(Follower::new(subscription, place));
            }
            Err(Stale::Ahead { head: at }) => {
                assert_eq!(at.get(), head);
                assert!(sequence > head);
            }
            Err(Stale::Gap { oldest }) => {
                assert!(index < self.model.kept_from(log), "{index} is kept");
                assert!(oldest.get() > sequence && oldest.get() <= head);
                let cursor = Cursor::new(self.ids[log], oldest);
                assert!(self.sources[log].resume(cursor).is_ok());
            }
            Err(stale) => panic!("{stale:?}"),
        }
    }

    fn resume_elsewhere(&self, log: usize, reader: usize) {
        let Some(reader) = pick(self.followers.len(), reader) else {
            return;
        };
        let Some(cursor) = self.followers[reader].subscription().map(|it| it.cursor()) else {
            return;
        };
        let resumed = self.sources[log].resume(cursor);
        let is_other = self.followers[reader].place.log != log;
        assert_eq!(matches!(resumed, Err(Stale::OtherLog)), is_other);
    }

    fn compare(&self, is_settled: bool) {
        for follower in &self.followers {
            follower.compare(&self.model, &self.ids);
            let is_due = follower.is_due(&self.model);
            // Many are woken by the pump, once it runs.
            if is_settled || !self.is_crowded {
                assert!(!is_due || follower.is_woken(), "it is not woken");
            }
            let log = &self.model.logs[follower.place.log];
            let is_called = is_due || matches!(log.end, Some(End::Splice(_)));
            // The pump may come late, to a reader that has read since and waits again.
            assert!(
                is_called || self.is_crowded || !follower.is_woken(),
                "it is woken for nothing"
            );
        }
        for (position, place) in &self.positions {
            assert_eq!(position.cursor().sequence().get(), self.model.cursor(place));
        }
        for (number, source) in self.sources.iter().enumerate() {
            let (stats, log) = (source.stats(), &self.model.logs[number]);
            assert_eq!(stats.published, log.events.len() as u64);
            assert_eq!(
                (stats.head.get(), source.head().get()),
                (log.head, log.head)
            );
            assert!(stats.retained <= stats.published);
            let seated = self.followers.iter().filter(|it| it.seat == Some(number));
            assert_eq!(stats.waiting, seated.count());
        }
    }

    /// Ends all logs; then everybody is woken, gets what is left, and nothing stays behind.
    pub(crate) fn finish(mut self) {
        for log in 0..self.publishers.len() {
            self.end(log, Ending::Close);
        }
        self.runtime.run();
        self.compare(true);
        for follower in self.followers {
            follower.finish(&self.model);
        }
        drop((self.publishers, self.sources, self.positions));
        // Ends that lead to other logs are dropped with the logs themselves.
        self.runtime.run();
        assert_eq!((self.census.alive(), self.runtime.tasks()), (0, 0));
    }
}

//! A hub, everything that was ever changed in it, and those who follow it.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_core::Cursor;
use forebay_events::{Batch, Reason, Request, Token, Topic};

use crate::model::view::{Noted, Spot, View};
use crate::model::{Ending, Move, Rules};
use crate::scene::{Reader, Scene};
use crate::source::{Build, Source};

const TOPICS: [&str; 2] = ["one", "other"];
const TOKENS: [&str; 2] = ["session", "other session"];

/// All changes, in their order, and how far they were published.
#[derive(Default)]
pub(crate) struct History {
    /// The sequence of a change, which is its place, and what it is at.
    changes: Vec<Vec<(usize, u32)>>,
    published: usize,
    pub(crate) fails: usize,
    pub(crate) panics: usize,
    pub(crate) behind: usize,
}

pub(crate) struct World {
    scene: Scene,
    rules: Rules,
    history: History,
    views: Vec<View>,
    noted: Vec<Noted>,
    /// Those that were told to end.
    ended: Vec<bool>,
}

impl History {
    pub(crate) fn state_at(&self, spot: Spot, sequence: u64) -> BTreeMap<u32, u64> {
        let changes = self.changes.iter().zip(1..).take(sequence as usize);
        let mut state = BTreeMap::new();
        for (change, sequence) in changes {
            let of_spot = |(topic, key): &&(usize, u32)| {
                *topic == spot.topic && spot.key.is_none_or(|wanted| wanted == *key)
            };
            state.extend(
                change
                    .iter()
                    .filter(of_spot)
                    .map(|(_, key)| (*key, sequence)),
            );
        }
        state
    }

    pub(crate) const fn published_up_to(&self) -> u64 {
        self.published as u64
    }
}

impl World {
    pub(crate) fn new(rules: &Rules) -> Self {
        let scene = Scene::with(Source::by_hand(), |builder| {
            builder
                .retention(rules.retention)
                .cache(rules.ttl.unwrap_or_default())
                .remembered_keys(rules.remembered_max)
                .idle_keys(rules.idle_max)
        });
        Self {
            scene,
            rules: rules.clone(),
            history: History::default(),
            views: Vec::new(),
            noted: Vec::new(),
            ended: Vec::new(),
        }
    }

    pub(crate) fn play(&mut self, step: &Move) {
        match step {
            Move::Change(spots) => self.history.changes.push(spots.clone()),
            Move::Publish(count) => self.publish(*count),
            Move::Subscribe {
                topic,
                key,
                token,
                cursor,
            } => {
                let spot = Spot {
                    topic: *topic,
                    key: *key,
                };
                self.subscribe(spot, *token, *cursor);
            }
            Move::Note(feed) => self
                .noted
                .extend(self.views.get(*feed).and_then(View::note)),
            Move::Read(feed, count) => self.read(*feed, *count),
            Move::Leave(feed) => {
                if *feed < self.views.len() {
                    self.views.remove(*feed);
                }
            }
            Move::End(build, ending) => self.end(*build, *ending),
            Move::Run => {
                self.scene.runtime.run();
            }
            Move::Step => {
                self.scene.runtime.step();
            }
            Move::Pass(millis) => self.scene.runtime.pass(Duration::from_millis(*millis)),
            Move::Refresh(topic) => {
                self.scene.hub.refresh(&Topic::from(TOPICS[*topic]));
                self.force(&Reason::Refreshed, |view| view.spot.topic == *topic);
            }
            Move::ForceClose(token) => {
                self.scene.hub.force_close(&Token::from(TOKENS[*token]));
                self.force(&Reason::Revoked, |view| view.token == Some(*token));
            }
        }
    }

    /// Lets everybody come to an end: all is published, all snapshots show it, and all is read.
    pub(crate) fn finish(mut self) {
        self.publish(self.history.changes.len());
        for _ in 0..1_000 {
            self.scene.runtime.run();
            let open = self.open_builds();
            for number in &open {
                self.end_build(*number, Ending::Now);
            }
            if open.is_empty() {
                break;
            }
        }
        for feed in 0..self.views.len() {
            self.read(feed, usize::MAX);
            let view = &self.views[feed];
            assert!(
                view.error.is_some() || view.has_snapshot(),
                "it waits for ever"
            );
        }
        self.views.clear();
        self.scene.runtime.advance(Duration::from_secs(60));
        let kept = self.scene.stats();
        assert_eq!(kept.feeds, 0);
        let idle_max = if self.rules.idle_max > 0 {
            self.rules.idle_max + 1
        } else {
            0
        };
        assert!(kept.logs <= TOPICS.len() * idle_max, "{kept:?}");
        assert!(
            kept.remembered <= TOPICS.len() * self.rules.remembered_max,
            "{kept:?}"
        );
    }

    fn publish(&mut self, count: usize) {
        if self.history.published == self.history.changes.len() {
            self.history.changes.push(vec![(0, 0), (1, 1), (0, 0)]);
        }
        let left = self.history.changes.len() - self.history.published;
        for _ in 0..count.min(left) {
            let change = self.history.changes[self.history.published].clone();
            self.history.published += 1;
            let sequence = self.history.published_up_to();
            let events = change.into_iter().map(|(topic, key)| {
                let topic = Topic::from(TOPICS[topic]);
                (topic, key, (key, sequence))
            });
            let batch = Batch::from_iter(events);
            self.scene.publisher.publish(sequence, batch).unwrap();
        }
    }

    fn subscribe(&mut self, spot: Spot, token: Option<usize>, cursor: Option<usize>) {
        let mut request = Request::new(TOPICS[spot.topic]);
        if let Some(key) = spot.key {
            request = request.key(key);
        }
        if let Some(token) = token {
            request = request.token(&Token::from(TOKENS[token]));
        }
        let noted = cursor.and_then(|at| self.noted.get(at));
        if let Some(noted) = noted {
            request = request.resume(noted.cursor);
        }
        let reader = Reader::new(self.scene.hub.subscribe(request).unwrap());
        let mut view = View::new(reader, spot, noted);
        view.token = token;
        if let Some(noted) = noted
            && self.is_of_same_log(noted, spot)
        {
            view.not_before(noted.cursor.sequence().get());
        }
        self.views.push(view);
    }

    /// Whether a cursor is of a feed of the same thing, with no refresh since.
    fn is_of_same_log(&self, noted: &Noted, spot: Spot) -> bool {
        let log = |view: &View| view.reader.feed.cursor().map(Cursor::log);
        let is_open = |view: &&View| view.spot == spot && view.forced.is_empty();
        let logs = self.views.iter().filter(is_open).filter_map(log);
        noted.spot == spot && logs.into_iter().any(|log| log == noted.cursor.log())
    }

    fn read(&mut self, feed: usize, count: usize) {
        let Some(view) = self.views.get_mut(feed) else {
            return;
        };
        view.read(count, &self.history);
        if view.error.is_some() {
            view.check_end(self.rules.may_lag, &self.history);
        }
    }

    fn force(&mut self, reason: &Reason, is_meant: impl Fn(&View) -> bool) {
        for view in &mut self.views {
            if is_meant(view) && view.error.is_none() {
                view.forced.push(reason.clone());
            }
        }
    }

    fn end(&mut self, which: usize, ending: Ending) {
        if let Some(number) = self.open_builds().get(which) {
            self.end_build(*number, ending);
        }
    }

    /// Returns the snapshots that have begun and were not told to end.
    fn open_builds(&mut self) -> Vec<usize> {
        self.ended.resize(self.scene.source.begun(), false);
        let is_open = |number: &usize| !self.ended[*number];
        (0..self.ended.len()).filter(is_open).collect()
    }

    fn end_build(&mut self, number: usize, ending: Ending) {
        self.ended[number] = true;
        let build = self.scene.source.build(number);
        let newest = self.history.changes.len();
        match ending {
            Ending::Now => self.write(&build, newest),
            Ending::Before(changes) => {
                self.history.behind += 1;
                self.write(&build, newest.saturating_sub(changes));
            }
            Ending::Fails => {
                self.history.fails += 1;
                build.fail("disk");
            }
            Ending::Panics => {
                self.history.panics += 1;
                build.panic("out of cheese");
            }
        }
    }

    fn write(&self, build: &Build, sequence: usize) {
        let topic = build.subject.topic().as_str();
        let spot = Spot {
            topic: TOPICS.iter().position(|name| *name == topic).unwrap(),
            key: build.subject.key().copied(),
        };
        let state = self.history.state_at(spot, sequence as u64);
        build.write(state);
        build.end(sequence as u64);
    }
}

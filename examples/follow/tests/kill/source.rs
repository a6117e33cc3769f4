//! Writers, and what they were told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use forebay_core::Cursor;
use forebay_example_follow::client::Client;
use forebay_example_follow::config::{Change, State};
use hyper::body::Bytes;
use hyper::{Method, StatusCode};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::numbers::Numbers;

/// How many write at once.
const WRITERS: usize = 8;

/// How many topics there are, and keys in each of them.
const TOPICS: u64 = 4;
const KEYS: u64 = 500;

pub struct Source {
    service: SocketAddr,
    pub numbers: Numbers,
    /// What was acknowledged, and where it is in the log.
    pub acknowledged: BTreeMap<u64, Change>,
    /// What follows from that.
    state: State,
    written: u64,
}

impl Source {
    pub fn new(service: SocketAddr, seed: u64) -> Self {
        Self {
            service,
            numbers: Numbers(seed),
            acknowledged: BTreeMap::new(),
            state: State::new(),
            written: 0,
        }
    }

    /// Writes so many changes, and returns when all of them are acknowledged.
    pub async fn write(&mut self, count: u64) {
        let changes: Vec<_> = (0..count).map(|_| self.change()).collect();
        let mut writers = JoinSet::new();
        for part in changes.chunks(changes.len().div_ceil(WRITERS).max(1)) {
            writers.spawn(write(self.service, part.to_vec()));
        }
        let before = self.last();
        while let Some(written) = writers.join_next().await {
            for (sequence, change) in written.unwrap() {
                assert!(sequence > before, "the log has gone back");
                let other = self.acknowledged.insert(sequence, change);
                assert_eq!(other, None, "two changes have one place in the log");
            }
        }
        for (_, change) in self.acknowledged.range(before + 1..) {
            change.apply(&mut self.state);
        }
    }

    /// Returns the last entry that was acknowledged.
    pub fn last(&self) -> u64 {
        self.acknowledged.keys().next_back().copied().unwrap_or(0)
    }

    /// Returns what `GET /config` should say.
    pub fn state(&self) -> Value {
        let mut topics = BTreeMap::<_, BTreeMap<_, _>>::new();
        for (key, value) in &self.state {
            let topic = topics.entry(key.topic.as_str()).or_default();
            topic.insert(key.key.as_str(), &**value);
        }
        serde_json::to_value(topics).unwrap()
    }

    /// Sets a key, or deletes one that is there unless another writer is faster.
    fn change(&mut self) -> Change {
        self.written += 1;
        let topic = format!("topic-{}", self.numbers.below(TOPICS));
        let key = format!("key-{}", self.numbers.below(KEYS));
        let mut change = Change {
            topic: topic.parse().unwrap(),
            key: key.parse().unwrap(),
            value: None,
        };
        let is_there = self.state.contains_key(&change.id());
        if !is_there || self.numbers.below(8) > 0 {
            change.value = Some(Arc::from(format!("{:->100}", self.written)));
        }
        change
    }
}

async fn write(service: SocketAddr, changes: Vec<Change>) -> Vec<(u64, Change)> {
    let mut client = Client::connect(service).await.unwrap();
    let mut written = Vec::new();
    for change in changes {
        let path = format!("/config/{}/{}", change.topic, change.key);
        let (method, body) = match &change.value {
            Some(value) => (Method::PUT, Bytes::from(value.to_string())),
            None => (Method::DELETE, Bytes::new()),
        };
        let (status, body) = client.request(method, &path, body).await.unwrap();
        // There may be nothing to delete.
        if change.value.is_none() && status == StatusCode::NOT_FOUND {
            continue;
        }
        assert_eq!(status, StatusCode::OK);
        let answer: Value = serde_json::from_slice(&body).unwrap();
        let position: Cursor = answer["position"].as_str().unwrap().parse().unwrap();
        written.push((position.sequence().get(), change));
    }
    written
}

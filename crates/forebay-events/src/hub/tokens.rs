use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use forebay_rt::sync::{Mutex, lock};

use crate::Reason;
use crate::hub::feed::closing::Closing;
use crate::hub::request::Token;

/// Which feeds were subscribed to by which token.
#[derive(Default)]
pub(crate) struct Tokens {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    feeds: HashMap<Token, HashMap<u64, Arc<Closing>, RandomState>, RandomState>,
    count: u64,
}

/// The entry of one feed.
pub(crate) struct Badge {
    token: Token,
    number: u64,
}

impl Tokens {
    pub(crate) fn register(&self, token: Token, closing: &Arc<Closing>) -> Badge {
        let mut state = lock(&self.state);
        state.count += 1;
        let number = state.count;
        let feeds = state.feeds.entry(token.clone()).or_default();
        feeds.insert(number, Arc::clone(closing));
        drop(state);
        Badge { token, number }
    }

    pub(crate) fn remove(&self, badge: &Badge) {
        let mut state = lock(&self.state);
        let Some(feeds) = state.feeds.get_mut(&badge.token) else {
            return;
        };
        let removed = feeds.remove(&badge.number);
        let emptied = feeds
            .is_empty()
            .then(|| state.feeds.remove_entry(&badge.token));
        drop(state);
        drop((removed, emptied));
    }

    /// Closes all feeds of a token; returns how many were open.
    pub(crate) fn close(&self, token: &Token, reason: &Reason) -> usize {
        let feeds: Vec<_> = {
            let state = lock(&self.state);
            let feeds = state.feeds.get(token);
            feeds.map_or_else(Vec::new, |feeds| feeds.values().cloned().collect())
        };
        let closed = feeds.iter().filter(|feed| feed.close(reason.clone()));
        closed.count()
    }
}

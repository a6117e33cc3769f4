//! Which keys a call has, and when it begins.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::{Of, answer, begun, settle, spawn, within};
use crate::batch::backend::value_of;
use crate::batch::peer::{Loader, Peer};
use crate::batch::script::{SLOW, Script};
use crate::runtime::virtual_time;

/// What may be wrong with that.
#[derive(Clone, Copy, Debug)]
pub(super) enum Case {
    /// A key is asked for twice in one call.
    Once,
    /// A key is asked for again while its call is in flight.
    Joined,
    /// A call is larger than it may be.
    HardLimit,
    /// Keys are not in the order in which they came.
    Order,
    /// Whoever came first waits longer because others come after.
    FirstWaits,
    /// A slow call holds up keys that are not in it.
    Overtakes,
    /// Many loads at once are not all answered.
    Many,
    /// No keys at all are asked for.
    Nothing,
}

impl Case {
    pub(super) fn passes<P: Peer>(self) -> Option<bool> {
        virtual_time().block_on(async {
            match self {
                Self::Once => once::<P>().await,
                Self::Joined => joined::<P>().await,
                Self::HardLimit => hard_limit::<P>().await,
                Self::Order => order::<P>().await,
                Self::FirstWaits => first_waits::<P>().await,
                Self::Overtakes => overtakes::<P>().await,
                Self::Many => many::<P>().await,
                Self::Nothing => nothing::<P>().await,
            }
        })
    }
}

async fn once<P: Peer>() -> Option<bool> {
    let script = Arc::new(Script::default());
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::clone(&script)));
    let outputs = within(join_all([&1, &1, &1].map(|key| loader.load(key)))).await?;
    let answers: Vec<_> = outputs.into_iter().map(Of::<P>::answer).collect();
    Some(answers == [Ok(Some(value_of(1))); 3] && script.keys() == [1])
}

async fn joined<P: Peer>() -> Option<bool> {
    let script = Arc::new(Script::default());
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::clone(&script)));
    let first = spawn(&loader, 1);
    begun(&script).await;
    let second = spawn(&loader, 1);
    let (first, second) = (within(first).await, within(second).await);
    let is_right = |load| matches!(load, Some(Ok(Ok(Some(value)))) if value == value_of(1));
    Some(is_right(first) && is_right(second) && script.keys() == [1])
}

async fn hard_limit<P: Peer>() -> Option<bool> {
    let script = Arc::new(Script::default());
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::clone(&script)));
    let keys: Vec<u64> = (0..10_000).collect();
    if Of::<P>::LOADS_MANY {
        within(loader.load_many(&keys)).await?;
    } else {
        within(join_all(keys.iter().map(|key| loader.load(key)))).await?;
    }
    let largest = script.calls().iter().map(Vec::len).max();
    Some(largest.is_some_and(|largest| largest <= P::BATCH_MAX))
}

async fn order<P: Peer>() -> Option<bool> {
    let script = Arc::new(Script::default());
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::clone(&script)));
    let keys: Vec<u64> = (0..50).map(|number| number * 37 % 50).collect();
    within(join_all(keys.iter().map(|key| loader.load(key)))).await?;
    Some(script.keys() == keys)
}

async fn first_waits<P: Peer>() -> Option<bool> {
    if !P::IS_VIRTUAL {
        return None;
    }
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::new(Script::default())));
    let start = Instant::now();
    let first = spawn(&loader, 0);
    let others = tokio::spawn({
        let loader = Arc::clone(&loader);
        async move {
            for key in 1..=100 {
                sleep(Duration::from_millis(9)).await;
                drop(spawn(&loader, key));
            }
        }
    });
    let answered = within(first).await;
    let waited = start.elapsed();
    others.abort();
    let is_right = matches!(answered, Some(Ok(Ok(Some(value)))) if value == value_of(0));
    Some(is_right && waited <= Duration::from_millis(100))
}

async fn overtakes<P: Peer>() -> Option<bool> {
    let script = Arc::new(Script::default());
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::clone(&script)));
    let slow = spawn(&loader, SLOW);
    begun(&script).await;
    let quick = answer(&loader, 1).await;
    let is_first = !slow.is_finished();
    Some(quick == Some(Ok(Some(value_of(1)))) && is_first)
}

async fn many<P: Peer>() -> Option<bool> {
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::new(Script::default())));
    let loads: Vec<_> = (0..20_000).map(|key| spawn(&loader, key)).collect();
    for (key, load) in loads.into_iter().enumerate() {
        let outcome = within(load).await;
        if !matches!(outcome, Some(Ok(Ok(Some(value)))) if value == value_of(key as u64)) {
            return Some(false);
        }
    }
    Some(true)
}

async fn nothing<P: Peer>() -> Option<bool> {
    if !Of::<P>::LOADS_MANY {
        return None;
    }
    let script = Arc::new(Script::default());
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::clone(&script)));
    let outputs = within(loader.load_many(&[])).await?;
    settle().await;
    sleep(Duration::from_secs(1)).await;
    Some(Of::<P>::answers(&[], outputs).is_empty() && script.calls().is_empty())
}

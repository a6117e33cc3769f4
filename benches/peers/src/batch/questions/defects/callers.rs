//! Callers that leave before they are answered.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::{Of, answer, begun, spawn, within};
use crate::batch::backend::value_of;
use crate::batch::peer::{Loader, Peer};
use crate::batch::script::Script;
use crate::runtime::virtual_time;

/// What such a caller may spoil.
#[derive(Clone, Copy, Debug)]
pub(super) enum Case {
    /// A load that was dropped before its call began is asked for all the same.
    Withdrawn,
    /// One caller's leaving costs another one its answer.
    Others,
    /// After all callers of a call left, its keys cannot be loaded any more.
    AllGone,
}

impl Case {
    pub(super) fn passes<P: Peer>(self) -> Option<bool> {
        virtual_time().block_on(async {
            match self {
                Self::Withdrawn => withdrawn::<P>().await,
                Self::Others => others::<P>().await,
                Self::AllGone => all_gone::<P>().await,
            }
        })
    }
}

async fn withdrawn<P: Peer>() -> Option<bool> {
    let script = Arc::new(Script::default());
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::clone(&script)));
    {
        let mut load = pin!(loader.load(&1));
        poll_fn(|cx| {
            let _ = load.as_mut().poll(cx);
            Poll::Ready(())
        })
        .await;
    }
    let other = answer(&loader, 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    Some(other == Some(Ok(Some(value_of(2)))) && !script.keys().contains(&1))
}

async fn others<P: Peer>() -> Option<bool> {
    // Which one carries out the call, where one of them does, is not known from outside.
    for leaving in 0..3 {
        let script = Arc::new(Script::default());
        let loader: Arc<Of<P>> = Arc::new(P::build(Arc::clone(&script)));
        let loads: Vec<_> = (0..3).map(|key| spawn(&loader, key)).collect();
        begun(&script).await;
        loads[leaving].abort();
        for (key, load) in loads.into_iter().enumerate() {
            let outcome = within(load).await;
            let is_right =
                matches!(outcome, Some(Ok(Ok(Some(value)))) if value == value_of(key as u64));
            if key != leaving && !is_right {
                return Some(false);
            }
        }
    }
    Some(true)
}

async fn all_gone<P: Peer>() -> Option<bool> {
    let script = Arc::new(Script::default());
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::clone(&script)));
    let loads: Vec<_> = (0..3).map(|key| spawn(&loader, key)).collect();
    begun(&script).await;
    for load in loads {
        load.abort();
        let _ = within(load).await;
    }
    Some(answer(&loader, 1).await == Some(Ok(Some(value_of(1)))))
}

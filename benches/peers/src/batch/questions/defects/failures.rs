//! Calls that panic, fail or find nothing.

use std::sync::Arc;

use super::{Of, answer, spawn, within};
use crate::batch::backend::value_of;
use crate::batch::peer::{Loader, Peer};
use crate::batch::script::{FAILS_LATE, PANICS, Script};
use crate::runtime::virtual_time;

/// What such a call may spoil.
#[derive(Clone, Copy, Debug)]
pub(super) enum Case {
    /// Those who wait for a call that panics panic too.
    PanicReported,
    /// After a panic, nothing loads any more.
    GoesOn,
    /// A missing key spoils the others of a `load_many`.
    OneMissing,
    /// What was found before a call failed is lost.
    FoundBefore,
    /// A missing key stays missing for ever.
    AskedAnew,
}

impl Case {
    pub(super) fn passes<P: Peer>(self) -> Option<bool> {
        virtual_time().block_on(async {
            match self {
                Self::PanicReported => panic_reported::<P>().await,
                Self::GoesOn => goes_on::<P>().await,
                Self::OneMissing => one_missing::<P>().await,
                Self::FoundBefore => found_before::<P>().await,
                Self::AskedAnew => asked_anew::<P>().await,
            }
        })
    }
}

async fn panic_reported<P: Peer>() -> Option<bool> {
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::new(Script::default())));
    let loads = [spawn(&loader, 1), spawn(&loader, PANICS), spawn(&loader, 2)];
    for load in loads {
        if !matches!(within(load).await, Some(Ok(Err(_)))) {
            return Some(false);
        }
    }
    Some(true)
}

async fn goes_on<P: Peer>() -> Option<bool> {
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::new(Script::default())));
    let _ = answer(&loader, PANICS).await;
    Some(answer(&loader, 1).await == Some(Ok(Some(value_of(1)))))
}

async fn one_missing<P: Peer>() -> Option<bool> {
    if !Of::<P>::LOADS_MANY {
        return None;
    }
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::new(Script::without(2))));
    let keys = [1, 2, 3];
    let outputs = within(loader.load_many(&keys)).await?;
    let answers = Of::<P>::answers(&keys, outputs);
    Some(answers == [Ok(Some(value_of(1))), Ok(None), Ok(Some(value_of(3)))])
}

async fn found_before<P: Peer>() -> Option<bool> {
    if !Of::<P>::KEEPS_FOUND {
        return None;
    }
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::new(Script::default())));
    let loads = [spawn(&loader, 1), spawn(&loader, FAILS_LATE)];
    let [found, failed] = loads.map(within);
    let (found, failed) = (found.await, failed.await);
    let is_delivered = matches!(found, Some(Ok(Ok(Some(value)))) if value == value_of(1));
    Some(is_delivered && matches!(failed, Some(Ok(Err(_)))))
}

async fn asked_anew<P: Peer>() -> Option<bool> {
    let script = Arc::new(Script::without(1));
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::clone(&script)));
    let missing = answer(&loader, 1).await == Some(Ok(None));
    script.tell(1);
    loader.clear(1).await;
    let found = answer(&loader, 1).await == Some(Ok(Some(value_of(1))));
    Some(missing && found)
}

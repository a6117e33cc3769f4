//! Where a loader is built, what it outlives and what it leaves behind.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::{Of, answer, settle, spawn, within};
use crate::allocation::count;
use crate::batch::backend::{Instantly, value_of};
use crate::batch::peer::{Loader, Peer};
use crate::batch::script::{NESTED, SLOW, Script};
use crate::runtime::{one_thread, virtual_time};

/// What may be wrong with that.
#[derive(Clone, Copy, Debug)]
pub(super) enum Case {
    /// It cannot be built outside of a runtime.
    Outside,
    /// It dies with the runtime of its first load.
    FirstRuntime,
    /// It dies with the runtime in which it was built.
    Home,
    /// Its backend stays when it goes.
    Freed,
    /// Each load leaves something behind.
    Leak,
    /// A call that loads through its own loader, this many times over, never ends.
    Nested(u64),
    /// A cached key waits for a call that is under way.
    Hit,
}

impl Case {
    pub(super) fn passes<P: Peer>(self) -> Option<bool> {
        match self {
            Self::Outside => outside::<P>(),
            Self::FirstRuntime => first_runtime::<P>(),
            Self::Home => home::<P>(),
            Self::Freed => virtual_time().block_on(freed::<P>()),
            Self::Leak => leak::<P>(),
            Self::Nested(depth) => virtual_time().block_on(nested::<P>(depth)),
            Self::Hit => virtual_time().block_on(hit::<P>()),
        }
    }
}

fn outside<P: Peer>() -> Option<bool> {
    let built = catch_unwind(AssertUnwindSafe(|| {
        drop(P::build(Arc::new(Script::default())));
    }));
    Some(built.is_ok())
}

fn first_runtime<P: Peer>() -> Option<bool> {
    let (first, second) = (virtual_time(), virtual_time());
    let loader: Arc<Of<P>> = {
        let _entered = second.enter();
        Arc::new(P::build(Arc::new(Script::default())))
    };
    first.block_on(async {
        drop(spawn(&loader, 1));
        settle().await;
    });
    drop(first);
    let other = second.block_on(answer(&loader, 2));
    let same = second.block_on(answer(&loader, 1));
    Some(other == Some(Ok(Some(value_of(2)))) && same == Some(Ok(Some(value_of(1)))))
}

fn home<P: Peer>() -> Option<bool> {
    let first = virtual_time();
    let loader: Arc<Of<P>> = {
        let _entered = first.enter();
        Arc::new(P::build(Arc::new(Script::default())))
    };
    drop(first);
    let answered = virtual_time().block_on(answer(&loader, 1));
    Some(answered == Some(Ok(Some(value_of(1)))))
}

async fn freed<P: Peer>() -> Option<bool> {
    let script = Arc::new(Script::default());
    let backend = Arc::downgrade(&script);
    let loader: Arc<Of<P>> = Arc::new(P::build(script));
    let answered = answer(&loader, 1).await;
    drop(loader);
    sleep(Duration::from_secs(60)).await;
    Some(answered == Some(Ok(Some(value_of(1)))) && backend.upgrade().is_none())
}

/// Counts what thousands of loads leave allocated; less than a byte for each is nothing.
fn leak<P: Peer>() -> Option<bool> {
    const LOADS: u64 = 16_384;
    const TOGETHER: usize = 64;
    if P::REMEMBERS {
        return None;
    }
    let runtime = one_thread();
    let loader = runtime.block_on(async { P::build(Arc::new(Instantly::default())) });
    let load = |first: u64| {
        let keys: Vec<u64> = (first..first + LOADS).collect();
        for keys in keys.chunks(TOGETHER) {
            runtime.block_on(join_all(keys.iter().map(|key| loader.load(key))));
        }
    };
    load(0);
    let allocated = count(|| load(LOADS));
    Some(allocated.live_bytes < LOADS.cast_signed())
}

async fn nested<P: Peer>(depth: u64) -> Option<bool> {
    let script = Arc::new(Script::default());
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::clone(&script)));
    let own = Arc::downgrade(&loader);
    script.set_own(Box::new(move |key| {
        let own = own.upgrade();
        Box::pin(async move {
            let own = own.ok_or(crate::failure::Failure)?;
            Of::<P>::answer(own.load(&key).await)
        })
    }));
    let key = NESTED + depth;
    Some(answer(&loader, key).await == Some(Ok(Some(value_of(key)))))
}

async fn hit<P: Peer>() -> Option<bool> {
    if !P::REMEMBERS {
        return None;
    }
    let script = Arc::new(Script::default());
    let loader: Arc<Of<P>> = Arc::new(P::build(Arc::clone(&script)));
    answer(&loader, 1).await?.ok()?;
    let slow = spawn(&loader, SLOW);
    while !script.keys().contains(&SLOW) {
        sleep(Duration::from_millis(1)).await;
    }
    let start = Instant::now();
    let hit = within(loader.load(&1)).await.map(Of::<P>::answer);
    let is_at_once = start.elapsed() == Duration::ZERO && !slow.is_finished();
    Some(hit == Some(Ok(Some(value_of(1)))) && is_at_once)
}

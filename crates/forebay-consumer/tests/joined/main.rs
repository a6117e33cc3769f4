//! A consumer over the logs, hubs and stores of forebay.
//!
//! * It goes on where it was, in the middle of what lies side by side in memory as well, and a position
//!   is never in the middle of a sequence.
//! * A log that was made anew, a window that was missed, and a reader that was cut off are gaps; so is a
//!   hub that was refreshed. Begun anew, it is where it would be without one.
//! * Somebody new who died right after its start learns that it has missed something.
//! * The end of a log is one where it was closed, and a failure where its publisher was lost.
//! * A claim that was taken ends the consumer that had it.
#![cfg(all(feature = "checkpoint", feature = "events", feature = "tokio"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hubs;
mod logs;

use std::time::Duration;

use forebay_consumer::{Consumed, Consumer, Follow, Handle, Handler, Items, Keep};
use forebay_core::ResumeKey;

const KEY: ResumeKey = ResumeKey::from_bytes([7; 32]);

/// Nothing is dropped at the end because the disk was slow.
const HOUR: Duration = Duration::from_secs(3600);

/// Polls until there is nothing more to do, and stops.
async fn caught_up(handle: Handle) {
    while handle.stats().lag() != Some(0) {
        tokio::task::yield_now().await;
    }
}

async fn catch_up<F, K, H>(consumer: Consumer<F, K, H>) -> Consumed<F, K, H>
where
    F: Follow,
    K: Keep,
    H: Handler<<F::Items as Items>::Item>,
{
    let handle = consumer.handle();
    consumer.run_until(caught_up(handle)).await
}

//! Metrics and events of a driver, or nothing at all where their features are off.
#![cfg_attr(
    not(all(feature = "metrics", feature = "tracing")),
    allow(
        unused_variables,
        clippy::missing_const_for_fn,
        clippy::unused_self,
        reason = "what is not observed is not looked at"
    )
)]

use std::fmt::Debug;

#[cfg(feature = "metrics")]
use metrics::Counter;

use crate::driver::connection::Disconnected;
use crate::driver::{Driver, DriverEvent, DriverHost};

/// What a driver tells of its connections. The metrics are those of the recorder that is installed
/// when the driver is created.
pub(super) struct Observer {
    #[cfg(feature = "metrics")]
    connected: Counter,
    #[cfg(feature = "metrics")]
    disconnected: Reasons,
}

impl Observer {
    pub(super) fn new() -> Self {
        Self {
            #[cfg(feature = "metrics")]
            connected: metrics::counter!("forebay_snapshot_driver_connected_total"),
            #[cfg(feature = "metrics")]
            disconnected: Reasons::new(),
        }
    }

    fn connected<P: Debug>(&self, peer: &P) {
        #[cfg(feature = "metrics")]
        self.connected.increment(1);
        #[cfg(feature = "tracing")]
        tracing::debug!(?peer, "there is a connection to a peer");
    }

    fn disconnected<P: Debug>(&self, peer: &P, why: Disconnected) {
        #[cfg(feature = "metrics")]
        self.disconnected.of(why).increment(1);
        #[cfg(feature = "tracing")]
        tracing::debug!(?peer, %why, "a connection has ended");
    }
}

impl<H: DriverHost> Driver<H> {
    pub(super) fn connected(&mut self, peer: H::Peer) {
        self.observer.connected(&peer);
        self.host.event(DriverEvent::Connected { peer });
    }

    pub(super) fn disconnected(&mut self, peer: H::Peer, why: Disconnected) {
        self.observer.disconnected(&peer, why);
        self.host.event(DriverEvent::Disconnected { peer, why });
    }
}

#[cfg(feature = "metrics")]
struct Reasons {
    closed: Counter,
    wire: Counter,
    io: Counter,
    stalled: Counter,
    panicked: Counter,
    replaced: Counter,
    too_many: Counter,
    shutdown: Counter,
}

#[cfg(feature = "metrics")]
impl Reasons {
    fn new() -> Self {
        let counter =
            |why| metrics::counter!("forebay_snapshot_driver_disconnected_total", "why" => why);
        Self {
            closed: counter("closed"),
            wire: counter("wire"),
            io: counter("io"),
            stalled: counter("stalled"),
            panicked: counter("panicked"),
            replaced: counter("replaced"),
            too_many: counter("too_many"),
            shutdown: counter("shutdown"),
        }
    }

    const fn of(&self, why: Disconnected) -> &Counter {
        match why {
            Disconnected::Closed => &self.closed,
            Disconnected::Wire(_) => &self.wire,
            Disconnected::Io(_) => &self.io,
            Disconnected::Stalled => &self.stalled,
            Disconnected::Panicked => &self.panicked,
            Disconnected::Replaced => &self.replaced,
            Disconnected::TooMany => &self.too_many,
            Disconnected::Shutdown => &self.shutdown,
        }
    }
}

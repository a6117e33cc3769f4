//! Metrics and events of a provider, or nothing at all where their features are off.
#![cfg_attr(
    not(all(feature = "metrics", feature = "tracing")),
    allow(
        unused_variables,
        clippy::missing_const_for_fn,
        clippy::unused_self,
        reason = "what is not observed is not looked at"
    )
)]

use std::fmt::{self, Debug};

#[cfg(feature = "metrics")]
use metrics::Counter;

use crate::Message;
use crate::provider::output::ProviderEvent;
#[cfg(feature = "metrics")]
use crate::{Absence, Refusal};

/// What a provider tells of itself. The metrics are those of the recorder that is installed when the
/// provider is created.
pub(crate) struct Observer {
    #[cfg(feature = "metrics")]
    metrics: Metrics,
}

impl Observer {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(feature = "metrics")]
            metrics: Metrics::new(),
        }
    }

    /// A message is to be sent for the first time.
    pub(crate) fn answered<P>(&self, message: &Message<P>) {
        #[cfg(feature = "metrics")]
        match message {
            Message::Offer { .. } => self.metrics.offers.increment(1),
            Message::Refuse { why, .. } => self.metrics.refused.of(why).increment(1),
            Message::Data { bytes, .. } => {
                self.metrics.served.increment(1);
                self.metrics.served_bytes.increment(bytes.len() as u64);
            }
            Message::Gone { why, .. } => self.metrics.gone.of(*why).increment(1),
            Message::Request { .. } | Message::Fetch { .. } | Message::Done { .. } => {}
        }
    }

    /// A marker is to go through the log.
    pub(crate) fn fed(&self) {
        #[cfg(feature = "metrics")]
        self.metrics.markers.increment(1);
    }

    pub(crate) fn event<P: Debug>(&self, event: &ProviderEvent<P>) {
        #[cfg(feature = "metrics")]
        self.metrics.events.of(event).increment(1);
        #[cfg(feature = "tracing")]
        trace(event);
    }
}

/// What it has counted is for who records that.
impl Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}

#[cfg(feature = "tracing")]
fn trace<P: Debug>(event: &ProviderEvent<P>) {
    use tracing::{debug, error, warn};

    match event {
        ProviderEvent::FromSelf => debug!("a message came from this peer itself"),
        ProviderEvent::StaleMarker { anchor } => {
            debug!(%anchor, "a marker was applied too late for whoever asked");
        }
        ProviderEvent::Divergence { anchor } => {
            error!(%anchor, "two snapshots of one anchor differ: the state does not follow from the log");
        }
        ProviderEvent::Unusable { anchor, why } => {
            warn!(%anchor, %why, "a snapshot cannot be sent");
        }
        ProviderEvent::NoRoom { anchor } => {
            warn!(%anchor, "a snapshot was not kept, since all others are being fetched");
        }
        ProviderEvent::Ready { anchor } => debug!(%anchor, "a snapshot can be fetched"),
        ProviderEvent::Expired { anchor } => debug!(%anchor, "a snapshot has expired"),
        ProviderEvent::Evicted { anchor } => {
            debug!(%anchor, "a snapshot was dropped for the sake of a newer one");
        }
        ProviderEvent::Unsent { to } => debug!(?to, "a message could not be sent"),
    }
}

#[cfg(feature = "metrics")]
struct Metrics {
    offers: Counter,
    markers: Counter,
    served: Counter,
    served_bytes: Counter,
    refused: Refused,
    gone: Gone,
    events: Events,
}

#[cfg(feature = "metrics")]
struct Refused {
    not_leader: Counter,
    not_member: Counter,
    unavailable: Counter,
    busy: Counter,
    item_too_large: Counter,
    superseded: Counter,
}

#[cfg(feature = "metrics")]
struct Gone {
    unknown: Counter,
    expired: Counter,
    root_mismatch: Counter,
    empty: Counter,
    out_of_range: Counter,
    busy: Counter,
    item_too_large: Counter,
    not_member: Counter,
}

#[cfg(feature = "metrics")]
struct Events {
    from_self: Counter,
    stale_markers: Counter,
    divergences: Counter,
    unusable: Counter,
    no_room: Counter,
    snapshots: Counter,
    expired: Counter,
    evicted: Counter,
    unsent: Counter,
}

#[cfg(feature = "metrics")]
impl Metrics {
    fn new() -> Self {
        Self {
            offers: counter("offers"),
            markers: counter("markers"),
            served: counter("served"),
            served_bytes: counter("served_bytes"),
            refused: Refused::new(),
            gone: Gone::new(),
            events: Events::new(),
        }
    }
}

#[cfg(feature = "metrics")]
fn counter(what: &str) -> Counter {
    metrics::counter!(format!("forebay_snapshot_provider_{what}_total"))
}

#[cfg(feature = "metrics")]
impl Refused {
    fn new() -> Self {
        let counter =
            |why| metrics::counter!("forebay_snapshot_provider_refused_total", "why" => why);
        Self {
            not_leader: counter("not_leader"),
            not_member: counter("not_member"),
            unavailable: counter("unavailable"),
            busy: counter("busy"),
            item_too_large: counter("item_too_large"),
            superseded: counter("superseded"),
        }
    }

    const fn of<P>(&self, why: &Refusal<P>) -> &Counter {
        match why {
            Refusal::NotLeader { .. } => &self.not_leader,
            Refusal::NotMember => &self.not_member,
            Refusal::Unavailable => &self.unavailable,
            Refusal::Busy => &self.busy,
            Refusal::ItemTooLarge => &self.item_too_large,
            Refusal::Superseded => &self.superseded,
        }
    }
}

#[cfg(feature = "metrics")]
impl Gone {
    fn new() -> Self {
        let counter = |why| metrics::counter!("forebay_snapshot_provider_gone_total", "why" => why);
        Self {
            unknown: counter("unknown"),
            expired: counter("expired"),
            root_mismatch: counter("root_mismatch"),
            empty: counter("empty"),
            out_of_range: counter("out_of_range"),
            busy: counter("busy"),
            item_too_large: counter("item_too_large"),
            not_member: counter("not_member"),
        }
    }

    const fn of(&self, why: Absence) -> &Counter {
        match why {
            Absence::Unknown => &self.unknown,
            Absence::Expired => &self.expired,
            Absence::RootMismatch => &self.root_mismatch,
            Absence::Empty => &self.empty,
            Absence::OutOfRange { .. } => &self.out_of_range,
            Absence::Busy { .. } => &self.busy,
            Absence::ItemTooLarge => &self.item_too_large,
            Absence::NotMember => &self.not_member,
        }
    }
}

#[cfg(feature = "metrics")]
impl Events {
    fn new() -> Self {
        Self {
            from_self: counter("from_self"),
            stale_markers: counter("stale_markers"),
            divergences: counter("divergences"),
            unusable: counter("unusable"),
            no_room: counter("no_room"),
            snapshots: counter("snapshots"),
            expired: counter("expired"),
            evicted: counter("evicted"),
            unsent: counter("unsent"),
        }
    }

    const fn of<P>(&self, event: &ProviderEvent<P>) -> &Counter {
        match event {
            ProviderEvent::FromSelf => &self.from_self,
            ProviderEvent::StaleMarker { .. } => &self.stale_markers,
            ProviderEvent::Divergence { .. } => &self.divergences,
            ProviderEvent::Unusable { .. } => &self.unusable,
            ProviderEvent::NoRoom { .. } => &self.no_room,
            ProviderEvent::Ready { .. } => &self.snapshots,
            ProviderEvent::Expired { .. } => &self.expired,
            ProviderEvent::Evicted { .. } => &self.evicted,
            ProviderEvent::Unsent { .. } => &self.unsent,
        }
    }
}

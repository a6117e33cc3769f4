//! The kinds of report there are, and how each is laid out.

use crate::report::headline::Gist;
use crate::report::model::{Body, Report};
use crate::report::outline::Outline;
use crate::report::{all, catchup, checkpoints, events, reads};

/// Lays out what a report shows.
pub(crate) fn outline(report: &Report) -> Outline {
    match &report.body {
        Body::Reads(body) => reads::outline(body),
        Body::Events(body) => events::outline(body),
        Body::Catchup(body) => catchup::outline(body),
        Body::Checkpoints(body) => checkpoints::outline(body),
        Body::All(body) => all::outline(body, gist, outline),
    }
}

/// Tells a report on one question in short.
pub(crate) fn gist(report: &Report) -> Gist {
    match &report.body {
        Body::Reads(body) => reads::gist(body),
        Body::Events(body) => events::gist(body),
        Body::Catchup(body) => catchup::gist(body),
        Body::Checkpoints(body) => checkpoints::gist(body),
        Body::All(_) => Gist::default(),
    }
}

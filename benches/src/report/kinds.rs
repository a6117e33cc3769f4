//! The kinds of report there are, and how each is laid out.

use crate::report::model::{Body, Report};
use crate::report::outline::Outline;
use crate::report::{checkpoints, events, reads};

/// Lays out what a report shows.
pub(crate) fn outline(report: &Report) -> Outline {
    match &report.body {
        Body::Reads(body) => reads::outline(body),
        Body::Events(body) => events::outline(body),
        Body::Checkpoints(body) => checkpoints::outline(body),
    }
}

//! The sections of an `events` report.

use serde::{Deserialize, Serialize};

use super::{Counted, Section, join};
use crate::report::error::ReportError;
use crate::report::model::{Events, EventsCounts, EventsFigures, EventsRound, Point};

/// What the file calls this kind of report.
pub(super) const KIND: &str = "events";

#[derive(Deserialize, Serialize)]
pub(super) struct CountedEvents {
    workload: String,
    points: Vec<Point<EventsCounts>>,
}

impl Counted for CountedEvents {
    const KIND: &'static str = KIND;
}

pub(super) fn counted(events: &Events) -> CountedEvents {
    let points = events.points.iter();
    let points = points.map(|point| point.map(|round: &EventsRound| round.counts.clone()));
    CountedEvents {
        workload: events.workload.clone(),
        points: points.collect(),
    }
}

pub(super) fn measured(events: &Events) -> Section<EventsFigures> {
    let points = events.points.iter();
    let points = points.map(|point| point.map(|round: &EventsRound| round.figures.clone()));
    Section {
        points: points.collect(),
    }
}

/// Puts the two sections together again.
pub(super) fn joined(
    counted: CountedEvents,
    measured: Section<EventsFigures>,
) -> Result<Events, ReportError> {
    let round = |counts, figures| Ok(EventsRound { counts, figures });
    Ok(Events {
        workload: counted.workload,
        points: join(counted.points, measured.points, round)?,
    })
}

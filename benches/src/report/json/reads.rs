//! The sections of a `reads` report.

use serde::{Deserialize, Serialize};

use super::{Counted, Section, join};
use crate::report::error::ReportError;
use crate::report::model::{Clock, Cost, Point, Reads, ReadsCounts, ReadsRound, Timing};

/// What the file calls this kind of report.
pub(super) const KIND: &str = "reads";

#[derive(Deserialize, Serialize)]
pub(super) struct CountedReads {
    backend: String,
    workload: String,
    clock: Clock,
    points: Vec<Point<CountedRound>>,
}

#[derive(Deserialize, Serialize)]
struct CountedRound {
    counts: ReadsCounts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timing: Option<Timing>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct MeasuredRound {
    cost: Cost,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timing: Option<Timing>,
}

impl Counted for CountedReads {
    const KIND: &'static str = KIND;
}

pub(super) fn counted(reads: &Reads) -> CountedReads {
    let round = |round: &ReadsRound| CountedRound {
        counts: round.counts.clone(),
        timing: (reads.clock == Clock::Virtual).then(|| round.timing.clone()),
    };
    CountedReads {
        backend: reads.backend.clone(),
        workload: reads.workload.clone(),
        clock: reads.clock,
        points: reads.points.iter().map(|point| point.map(round)).collect(),
    }
}

pub(super) fn measured(reads: &Reads) -> Section<MeasuredRound> {
    let round = |round: &ReadsRound| MeasuredRound {
        cost: round.cost.clone(),
        timing: (reads.clock == Clock::Wall).then(|| round.timing.clone()),
    };
    let points = reads.points.iter().map(|point| point.map(round)).collect();
    Section { points }
}

/// Puts the two sections together again.
pub(super) fn joined(
    counted: CountedReads,
    measured: Section<MeasuredRound>,
) -> Result<Reads, ReportError> {
    let clock = counted.clock;
    let round = |counted: CountedRound, measured: MeasuredRound| {
        let timing = match clock {
            Clock::Virtual => counted.timing,
            Clock::Wall => measured.timing,
        };
        Ok(ReadsRound {
            counts: counted.counts,
            timing: timing.ok_or_else(|| ReportError::Invalid {
                place: "rounds".to_owned(),
                expected: "a timing in the section of the report's clock",
            })?,
            cost: measured.cost,
        })
    };
    Ok(Reads {
        backend: counted.backend,
        workload: counted.workload,
        clock,
        points: join(counted.points, measured.points, round)?,
    })
}

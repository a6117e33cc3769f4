//! The sections of a `catchup` report.

use serde::{Deserialize, Serialize};

use super::{Counted, Section, join};
use crate::report::error::ReportError;
use crate::report::model::{Catchup, CatchupCounts, CatchupFigures, CatchupRound, Clock, Point};

/// What the file calls this kind of report.
pub(super) const KIND: &str = "catchup";

#[derive(Deserialize, Serialize)]
pub(super) struct CountedCatchup {
    network: String,
    workload: String,
    clock: Clock,
    points: Vec<Point<CountedRound>>,
}

#[derive(Deserialize, Serialize)]
struct CountedRound {
    counts: CatchupCounts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    elapsed_ns: Option<u64>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct MeasuredRound {
    figures: CatchupFigures,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    elapsed_ns: Option<u64>,
}

impl Counted for CountedCatchup {
    const KIND: &'static str = KIND;
}

pub(super) fn counted(catchup: &Catchup) -> CountedCatchup {
    let is_counted = catchup.clock == Clock::Virtual;
    let round = |round: &CatchupRound| CountedRound {
        counts: round.counts.clone(),
        elapsed_ns: is_counted.then_some(round.elapsed_ns),
    };
    CountedCatchup {
        network: catchup.network.clone(),
        workload: catchup.workload.clone(),
        clock: catchup.clock,
        points: catchup
            .points
            .iter()
            .map(|point| point.map(round))
            .collect(),
    }
}

pub(super) fn measured(catchup: &Catchup) -> Section<MeasuredRound> {
    let is_measured = catchup.clock == Clock::Wall;
    let round = |round: &CatchupRound| MeasuredRound {
        figures: round.figures.clone(),
        elapsed_ns: is_measured.then_some(round.elapsed_ns),
    };
    Section {
        points: catchup
            .points
            .iter()
            .map(|point| point.map(round))
            .collect(),
    }
}

/// Puts the two sections together again.
pub(super) fn joined(
    counted: CountedCatchup,
    measured: Section<MeasuredRound>,
) -> Result<Catchup, ReportError> {
    let clock = counted.clock;
    let round = |counted: CountedRound, measured: MeasuredRound| {
        let elapsed_ns = match clock {
            Clock::Virtual => counted.elapsed_ns,
            Clock::Wall => measured.elapsed_ns,
        };
        Ok(CatchupRound {
            counts: counted.counts,
            elapsed_ns: elapsed_ns.ok_or_else(|| ReportError::Invalid {
                place: "rounds".to_owned(),
                expected: "a time in the section of the report's clock",
            })?,
            figures: measured.figures,
        })
    };
    Ok(Catchup {
        network: counted.network,
        workload: counted.workload,
        clock,
        points: join(counted.points, measured.points, round)?,
    })
}

//! The sections of a `checkpoints` report.

use serde::{Deserialize, Serialize};

use super::{Counted, Section, join};
use crate::report::error::ReportError;
use crate::report::model::{
    Checkpoints, CheckpointsCounts, CheckpointsFigures, CheckpointsRound, Point,
};

/// What the file calls this kind of report.
pub(super) const KIND: &str = "checkpoints";

#[derive(Deserialize, Serialize)]
pub(super) struct CountedCheckpoints {
    workload: String,
    points: Vec<Point<CheckpointsCounts>>,
}

impl Counted for CountedCheckpoints {
    const KIND: &'static str = KIND;
}

pub(super) fn counted(checkpoints: &Checkpoints) -> CountedCheckpoints {
    let points = checkpoints.points.iter();
    let points = points.map(|point| point.map(|round: &CheckpointsRound| round.counts.clone()));
    CountedCheckpoints {
        workload: checkpoints.workload.clone(),
        points: points.collect(),
    }
}

pub(super) fn measured(checkpoints: &Checkpoints) -> Section<CheckpointsFigures> {
    let points = checkpoints.points.iter();
    let points = points.map(|point| point.map(|round: &CheckpointsRound| round.figures.clone()));
    Section {
        points: points.collect(),
    }
}

/// Puts the two sections together again.
pub(super) fn joined(
    counted: CountedCheckpoints,
    measured: Section<CheckpointsFigures>,
) -> Result<Checkpoints, ReportError> {
    let round = |counts, figures| Ok(CheckpointsRound { counts, figures });
    Ok(Checkpoints {
        workload: counted.workload,
        points: join(counted.points, measured.points, round)?,
    })
}

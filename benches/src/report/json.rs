//! Reports as JSON: the format that keeps everything, and the only one that is read back.
//!
//! The file is one object: `schema`, `kind`, `header`, then the two sections. `counted` holds
//! everything that a run in virtual time repeats bit for bit; `measured` has the same shape and
//! holds the rest. A round's `timing` stands in the section that its clock belongs to.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::report::error::ReportError;
use crate::report::model::{
    Body, Clock, Cost, Counts, Header, Offered, Point, Reads, Report, Round, SCHEMA,
    StrategyRounds, Timing,
};

/// The longest input that [`parse`] looks at.
pub const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Returns the report as a JSON file's content.
///
/// # Errors
///
/// [`ReportError::Invalid`] if the report breaks a rule of [`Report::validate`], so that what was
/// written can always be read.
///
/// # Examples
///
/// ```
/// use forebay_bench::report::json;
/// use forebay_bench::report::model::{Body, Clock, Header, Reads, Report};
///
/// let reads = Reads {
///     backend: "sqlite".into(),
///     workload: "uniform".into(),
///     clock: Clock::Wall,
///     points: Vec::new(),
/// };
/// let report = Report { header: Header::default(), body: Body::Reads(reads) };
/// assert_eq!(json::parse(&json::encode(&report)?)?, report);
/// # Ok::<(), forebay_bench::report::error::ReportError>(())
/// ```
pub fn encode(report: &Report) -> Result<Vec<u8>, ReportError> {
    report.validate()?;
    let Body::Reads(reads) = &report.body;
    let layout = Layout {
        schema: SCHEMA,
        kind: report.body.kind().to_owned(),
        header: report.header.clone(),
        counted: Counted::of(reads),
        measured: Measured::of(reads),
    };
    let mut bytes = serde_json::to_vec_pretty(&layout).map_err(ReportError::Syntax)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Returns the report that a JSON file's content holds. Unknown fields are ignored.
///
/// Never panics, whatever the input is.
///
/// # Errors
///
/// * [`ReportError::TooLong`] for more than [`BYTES_MAX`] bytes.
/// * [`ReportError::Syntax`] if it is not JSON, or a field is missing or of the wrong type.
/// * [`ReportError::Schema`] and [`ReportError::Kind`] for a report of another layout or question.
/// * [`ReportError::Invalid`] if it breaks a rule of [`Report::validate`], or if its two sections
///   do not have the same shape.
pub fn parse(bytes: &[u8]) -> Result<Report, ReportError> {
    if bytes.len() as u64 > BYTES_MAX {
        return Err(ReportError::TooLong {
            bytes_max: BYTES_MAX,
        });
    }
    // A report of another schema may lack any other field, and must still be told apart.
    let mark: Mark = serde_json::from_slice(bytes).map_err(ReportError::Syntax)?;
    if mark.schema != u64::from(SCHEMA) {
        return Err(ReportError::Schema {
            found: mark.schema,
            expected: SCHEMA,
        });
    }
    match mark.kind.as_deref() {
        Some("reads") => {}
        other => {
            let found = other
                .unwrap_or_default()
                .chars()
                .take(KIND_CHARS_MAX)
                .collect();
            return Err(ReportError::Kind { found });
        }
    }
    let layout: Layout = serde_json::from_slice(bytes).map_err(ReportError::Syntax)?;
    let body = Body::Reads(join(layout.counted, layout.measured)?);
    let report = Report {
        header: layout.header,
        body,
    };
    report.validate()?;
    Ok(report)
}

/// Reads a report from a file.
///
/// # Errors
///
/// [`ReportError::File`] if the file cannot be read, [`ReportError::Content`] if what it holds is
/// refused by [`parse`].
pub fn read(path: &Path) -> Result<Report, ReportError> {
    let file = File::open(path).map_err(ReportError::file("open", path))?;
    let mut bytes = Vec::new();
    // One byte more than allowed is enough to see that the file is too long.
    file.take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(ReportError::file("read", path))?;
    parse(&bytes).map_err(|source| ReportError::Content {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

/// How much of an unknown kind an error repeats.
const KIND_CHARS_MAX: usize = 40;

/// What every schema has in common.
#[derive(Deserialize)]
struct Mark {
    schema: u64,
    kind: Option<String>,
}

/// The file, field by field.
#[derive(Deserialize, Serialize)]
struct Layout {
    schema: u32,
    kind: String,
    header: Header,
    counted: Counted,
    measured: Measured,
}

#[derive(Deserialize, Serialize)]
struct Counted {
    backend: String,
    workload: String,
    clock: Clock,
    points: Vec<SectionPoint<CountedRound>>,
}

#[derive(Deserialize, Serialize)]
struct Measured {
    points: Vec<SectionPoint<MeasuredRound>>,
}

#[derive(Deserialize, Serialize)]
struct SectionPoint<R> {
    offered: Offered,
    strategies: Vec<SectionStrategy<R>>,
}

#[derive(Deserialize, Serialize)]
struct SectionStrategy<R> {
    name: String,
    rounds: Vec<R>,
}

#[derive(Deserialize, Serialize)]
struct CountedRound {
    counts: Counts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timing: Option<Timing>,
}

#[derive(Deserialize, Serialize)]
struct MeasuredRound {
    cost: Cost,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timing: Option<Timing>,
}

impl Counted {
    fn of(reads: &Reads) -> Self {
        let points = section(reads, |round| CountedRound {
            counts: round.counts.clone(),
            timing: (reads.clock == Clock::Virtual).then(|| round.timing.clone()),
        });
        let (backend, workload) = (reads.backend.clone(), reads.workload.clone());
        Self {
            backend,
            workload,
            clock: reads.clock,
            points,
        }
    }
}

impl Measured {
    fn of(reads: &Reads) -> Self {
        let points = section(reads, |round| MeasuredRound {
            cost: round.cost.clone(),
            timing: (reads.clock == Clock::Wall).then(|| round.timing.clone()),
        });
        Self { points }
    }
}

/// Splits one section off: the same points and strategies, with a part of each round.
fn section<R>(reads: &Reads, part: impl Fn(&Round) -> R) -> Vec<SectionPoint<R>> {
    let strategy = |strategy: &StrategyRounds| SectionStrategy {
        name: strategy.name.clone(),
        rounds: strategy.rounds.iter().map(&part).collect(),
    };
    let point = |point: &Point| SectionPoint {
        offered: point.offered,
        strategies: point.strategies.iter().map(strategy).collect(),
    };
    reads.points.iter().map(point).collect()
}

/// Puts the two sections together again.
fn join(counted: Counted, measured: Measured) -> Result<Reads, ReportError> {
    let Counted {
        backend,
        workload,
        clock,
        points,
    } = counted;
    let points = pairs(points, measured.points)?
        .map(|(counted, measured)| {
            if counted.offered != measured.offered {
                return Err(misshapen());
            }
            let strategies = pairs(counted.strategies, measured.strategies)?
                .map(|(counted, measured)| join_strategy(clock, counted, measured))
                .collect::<Result<_, _>>()?;
            Ok(Point {
                offered: counted.offered,
                strategies,
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(Reads {
        backend,
        workload,
        clock,
        points,
    })
}

fn join_strategy(
    clock: Clock,
    counted: SectionStrategy<CountedRound>,
    measured: SectionStrategy<MeasuredRound>,
) -> Result<StrategyRounds, ReportError> {
    if counted.name != measured.name {
        return Err(misshapen());
    }
    let rounds = pairs(counted.rounds, measured.rounds)?
        .map(|(counted, measured)| {
            let timing = match clock {
                Clock::Virtual => counted.timing,
                Clock::Wall => measured.timing,
            };
            let timing = timing.ok_or_else(|| ReportError::Invalid {
                place: "rounds".to_owned(),
                expected: "a timing in the section of the report's clock",
            })?;
            Ok(Round {
                counts: counted.counts,
                timing,
                cost: measured.cost,
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(StrategyRounds {
        name: counted.name,
        rounds,
    })
}

/// Walks two lists that must be equally long.
fn pairs<A, B>(
    counted: Vec<A>,
    measured: Vec<B>,
) -> Result<impl Iterator<Item = (A, B)>, ReportError> {
    if counted.len() != measured.len() {
        return Err(misshapen());
    }
    Ok(counted.into_iter().zip(measured))
}

fn misshapen() -> ReportError {
    ReportError::Invalid {
        place: "measured".to_owned(),
        expected: "the points, strategies and rounds of `counted`",
    }
}

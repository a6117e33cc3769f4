//! Reports as JSON: the format that keeps everything, and the only one that is read back.
//!
//! The file is one object: `schema`, `kind`, `header`, then the two sections. `counted` holds
//! everything that a run in virtual time repeats bit for bit, and no time of the machine's; `measured`
//! has the same shape and holds the rest. A round's `timing` stands in the section that its clock
//! belongs to.

mod checkpoints;
mod events;
mod reads;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::report::error::ReportError;
use crate::report::model::{Body, Header, Point, Report, SCHEMA, StrategyRounds};

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
    let header = &report.header;
    let mut bytes = match &report.body {
        Body::Reads(body) => written(header, reads::counted(body), reads::measured(body)),
        Body::Events(body) => written(header, events::counted(body), events::measured(body)),
        Body::Checkpoints(body) => written(
            header,
            checkpoints::counted(body),
            checkpoints::measured(body),
        ),
    }?;
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
    if !(1..=u64::from(SCHEMA)).contains(&mark.schema) {
        return Err(ReportError::Schema {
            found: mark.schema,
            expected: SCHEMA,
        });
    }
    let (header, body) = match mark.kind.as_deref() {
        Some(reads::KIND) => {
            let layout = layout(bytes)?;
            let body = reads::joined(layout.counted, layout.measured)?;
            (layout.header, Body::Reads(body))
        }
        Some(events::KIND) => {
            let layout = layout(bytes)?;
            let body = events::joined(layout.counted, layout.measured)?;
            (layout.header, Body::Events(body))
        }
        Some(checkpoints::KIND) => {
            let layout = layout(bytes)?;
            let body = checkpoints::joined(layout.counted, layout.measured)?;
            (layout.header, Body::Checkpoints(body))
        }
        other => {
            let found = other.unwrap_or_default().chars();
            return Err(ReportError::Kind {
                found: found.take(KIND_CHARS_MAX).collect(),
            });
        }
    };
    let report = Report { header, body };
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
struct Layout<H, C, M> {
    schema: u32,
    kind: String,
    header: H,
    counted: C,
    measured: M,
}

/// A section of a file that holds points and nothing else.
#[derive(Deserialize, Serialize)]
struct Section<R> {
    points: Vec<Point<R>>,
}

/// What knows its kind of report.
trait Counted: Serialize {
    const KIND: &'static str;
}

fn written<C: Counted>(
    header: &Header,
    counted: C,
    measured: impl Serialize,
) -> Result<Vec<u8>, ReportError> {
    let layout = Layout {
        schema: SCHEMA,
        kind: C::KIND.to_owned(),
        header,
        counted,
        measured,
    };
    serde_json::to_vec_pretty(&layout).map_err(ReportError::Syntax)
}

fn layout<C, M>(bytes: &[u8]) -> Result<Layout<Header, C, M>, ReportError>
where
    C: DeserializeOwned,
    M: DeserializeOwned,
{
    serde_json::from_slice(bytes).map_err(ReportError::Syntax)
}

/// Puts the points of the two sections together again.
fn join<C, M, R>(
    counted: Vec<Point<C>>,
    measured: Vec<Point<M>>,
    round: impl Fn(C, M) -> Result<R, ReportError>,
) -> Result<Vec<Point<R>>, ReportError> {
    let strategy = |(counted, measured): (StrategyRounds<C>, StrategyRounds<M>)| {
        if counted.name != measured.name {
            return Err(misshapen());
        }
        let rounds = pairs(counted.rounds, measured.rounds)?;
        let rounds = rounds.map(|(counted, measured)| round(counted, measured));
        Ok(StrategyRounds {
            name: counted.name,
            rounds: rounds.collect::<Result<_, _>>()?,
        })
    };
    let point = |(counted, measured): (Point<C>, Point<M>)| {
        if counted.offered != measured.offered {
            return Err(misshapen());
        }
        let strategies = pairs(counted.strategies, measured.strategies)?.map(strategy);
        Ok(Point {
            offered: counted.offered,
            strategies: strategies.collect::<Result<_, _>>()?,
        })
    };
    pairs(counted, measured)?.map(point).collect()
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

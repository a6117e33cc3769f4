//! Reports as JSON: the format that keeps everything, and the only one that is read back.
//!
//! The file is one object: `schema`, `kind`, `header`, then the two sections, or the `parts` of a report
//! on many questions, each a whole report. `counted` holds
//! everything that a run in virtual time repeats bit for bit, and no time of the machine's; `measured`
//! has the same shape and holds the rest. A round's `timing` stands in the section that its clock
//! belongs to. A step of a distribution is a pair of numbers, as there are thousands of them.

mod all;
mod catchup;
mod checkpoints;
mod events;
mod layout;
mod reads;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, ser};
use serde_json::Serializer;

use crate::report::error::ReportError;
use crate::report::json::layout::Lines;
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
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Lines::default());
    Document(report)
        .serialize(&mut serializer)
        .map_err(ReportError::Syntax)?;
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
    let report = decoded(&mark, bytes)?;
    report.validate()?;
    Ok(report)
}

/// Returns the report of a file's content, whatever it says.
fn decoded(mark: &Mark, bytes: &[u8]) -> Result<Report, ReportError> {
    if !(1..=u64::from(SCHEMA)).contains(&mark.schema) {
        return Err(ReportError::Schema {
            found: mark.schema,
            expected: SCHEMA,
        });
    }
    let (header, body) = match mark.kind.as_deref() {
        Some(all::KIND) => {
            let (header, all) = all::parse(bytes)?;
            (header, Body::All(all))
        }
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
        Some(catchup::KIND) => {
            let layout = layout(bytes)?;
            let body = catchup::joined(layout.counted, layout.measured)?;
            (layout.header, Body::Catchup(body))
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
    Ok(Report { header, body })
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

/// A report as it stands in a file.
struct Document<'a>(&'a Report);

impl Serialize for Document<'_> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let header = &self.0.header;
        match &self.0.body {
            Body::Reads(body) => {
                written(header, reads::counted(body), reads::measured(body)).serialize(serializer)
            }
            Body::Events(body) => {
                written(header, events::counted(body), events::measured(body)).serialize(serializer)
            }
            Body::Catchup(body) => {
                let (counted, measured) = (catchup::counted(body), catchup::measured(body));
                written(header, counted, measured).serialize(serializer)
            }
            Body::Checkpoints(body) => {
                let (counted, measured) = (checkpoints::counted(body), checkpoints::measured(body));
                written(header, counted, measured).serialize(serializer)
            }
            Body::All(body) => all::written(header, body).serialize(serializer),
        }
    }
}

fn written<C: Counted, M>(header: &Header, counted: C, measured: M) -> Layout<&Header, C, M> {
    Layout {
        schema: SCHEMA,
        kind: C::KIND.to_owned(),
        header,
        counted,
        measured,
    }
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

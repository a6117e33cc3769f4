//! `cmp`: what changed between two reports, and whether that is more than allowed.
//!
//! * [`run`], the subcommand: reads two files and answers with text.
//! * [`Condition`], one `--fail-if` expression.
//! * [`Comparison`], the ratios; its rounds are not paired, so an interval is as wide as the two
//!   reports' rounds allow.

use std::path::PathBuf;

use crate::report::error::ReportError;
use crate::report::grid::Style;
use crate::report::json;

mod comparison;
mod condition;
mod parts;
mod show;

pub use self::comparison::{Change, Comparison, StrategyChange};
pub use self::condition::{Condition, ConditionError};

/// What the command line asked for.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "filled in by the command line, field by field"
)]
pub struct Request {
    /// The report that is compared with.
    pub before: PathBuf,
    /// The report that is judged.
    pub after: PathBuf,
    /// The conditions, as they were written.
    pub fail_if: Vec<String>,
    /// Whether the answer is JSON.
    pub json: bool,
}

/// What the subcommand has to say.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The comparison, for standard output.
    pub text: String,
    /// One line for each condition that a strategy fails, for standard error. The exit status is 1
    /// if there is one.
    pub failures: Vec<String>,
}

/// Why two reports could not be compared; the exit status is 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CmpError {
    /// A report could not be read.
    #[error("{}", .0.line())]
    Report(#[source] ReportError),
    /// A condition is not one.
    #[error(transparent)]
    Condition(#[from] ConditionError),
    /// The reports answer different questions, so that their ratio would mean nothing.
    #[error("cannot compare reports of another {what}: {before:?} and {after:?}")]
    Different {
        /// What differs.
        what: &'static str,
        /// What it is in the first report.
        before: String,
        /// What it is in the second report.
        after: String,
    },
    /// No strategy ran under the same offered load in both reports.
    #[error("cannot compare reports that share no strategy under the same load")]
    NothingShared,
    /// A condition asks for a figure that neither strategy has in both reports.
    #[error("cannot judge {condition}: no strategy has this figure in both reports")]
    NotMeasured {
        /// The condition.
        condition: Condition,
    },
}

/// Compares two report files.
///
/// The conditions are read first, so that a mistyped one is found without reading anything.
///
/// # Errors
///
/// A [`CmpError`] for each way in which there is no answer; its text is one line.
///
/// # Examples
///
/// ```
/// use forebay_bench::cmp::{self, Request};
/// use forebay_bench::report::grid::Style;
///
/// let request = Request { fail_if: vec!["p98>2x".into()], ..Request::default() };
/// let error = cmp::run(&request, Style::new(false, None)).unwrap_err();
/// assert!(error.to_string().starts_with("unknown metric \"p98\" in \"p98>2x\": allowed are calls,"));
/// ```
pub fn run(request: &Request, style: Style) -> Result<Answer, CmpError> {
    let conditions: Vec<Condition> = request
        .fail_if
        .iter()
        .map(|written| written.parse())
        .collect::<Result<_, _>>()?;
    let before = json::read(&request.before).map_err(CmpError::Report)?;
    let after = json::read(&request.after).map_err(CmpError::Report)?;
    let comparisons = parts::compare(&before, &after)?;
    let failures = parts::failures(&comparisons, &conditions)?;
    let text = if request.json {
        show::json(&comparisons, &failures)
    } else {
        parts::text(&comparisons, style)
    };
    Ok(Answer {
        text,
        failures: failures.concat(),
    })
}

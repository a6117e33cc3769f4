//! Reports on many questions, question by question.

use crate::cmp::{CmpError, Comparison, Condition};
use crate::report::grid::Style;
use crate::report::model::{All, Body, Part, Report};

/// Compares two reports on one question, or what two on many have of the same questions.
pub(super) fn compare(before: &Report, after: &Report) -> Result<Vec<Comparison>, CmpError> {
    match (&before.body, &after.body) {
        (Body::All(old), Body::All(new)) => each(old, new),
        _ => Ok(vec![Comparison::of(before, after)?]),
    }
}

fn each(old: &All, new: &All) -> Result<Vec<Comparison>, CmpError> {
    let mut comparisons = Vec::new();
    let mut warnings = Vec::new();
    for part in &new.parts {
        match (answer(old, part), answer(new, part)) {
            (Some(before), Some(after)) => comparisons.push(Comparison::of(before, after)?),
            (None, Some(_)) => warnings.push(format!("{}: not in the first report", part.question)),
            (_, None) => warnings.push(format!("{}: failed", part.question)),
        }
    }
    let is_gone = |part: &&Part| new.parts.iter().all(|it| it.question != part.question);
    let gone = old.parts.iter().filter(is_gone);
    warnings.extend(gone.map(|part| format!("{}: not in the second report", part.question)));
    let last = comparisons.last_mut().ok_or(CmpError::NothingShared)?;
    last.warnings.extend(warnings);
    Ok(comparisons)
}

/// Returns what a report says to the question of a part.
fn answer<'a>(all: &'a All, part: &Part) -> Option<&'a Report> {
    let mut parts = all.parts.iter();
    let found = parts.find(|found| found.question == part.question)?;
    found.result.as_ref().ok()
}

/// Returns a line for each condition and strategy that fails, for each comparison apart.
pub(super) fn failures(
    comparisons: &[Comparison],
    conditions: &[Condition],
) -> Result<Vec<Vec<String>>, CmpError> {
    let mut failures = vec![Vec::new(); comparisons.len()];
    for condition in conditions {
        let mut is_judged = false;
        for (comparison, failures) in comparisons.iter().zip(&mut failures) {
            if let Some(found) = comparison.judge(condition) {
                is_judged = true;
                failures.extend(found);
            }
        }
        if !is_judged {
            return Err(CmpError::NotMeasured {
                condition: *condition,
            });
        }
    }
    Ok(failures)
}

/// Returns the tables of all comparisons.
pub(super) fn text(comparisons: &[Comparison], style: Style) -> String {
    let texts = comparisons.iter().map(|comparison| comparison.text(style));
    texts.collect::<Vec<String>>().join("\n")
}

//! A report for the terminal.

use crate::report::grid::{Style, Tone, visible};
use crate::report::kinds;
use crate::report::model::{Header, Report};
use crate::report::outline::Chapter;

/// Returns the report as lines for a terminal: the tables that can be taken in at a glance, the
/// answers and what is noteworthy under them, and the warnings last, where they are not scrolled
/// away.
///
/// # Examples
///
/// ```
/// use forebay_bench::report::grid::Style;
/// use forebay_bench::report::model::{Body, Clock, Header, Reads, Report};
/// use forebay_bench::report::table;
///
/// let reads = Reads {
///     backend: "model".into(),
///     workload: "uniform over 10 keys".into(),
///     clock: Clock::Virtual,
///     points: Vec::new(),
/// };
/// let report = Report { header: Header::default(), body: Body::Reads(reads) };
/// let text = table::render(&report, Style::new(false, None));
/// assert!(text.starts_with("reads from model: uniform over 10 keys\n"));
/// ```
#[must_use]
pub fn render(report: &Report, style: Style) -> String {
    let outline = kinds::outline(report);
    let mut text = format!("{}\n", style.heading(&visible(&outline.title)));
    text.push_str(&format!("{}\n", style.paint(Tone::Faint, &outline.method)));
    for chapter in outline.points.iter().chain(&outline.summary) {
        if !chapter.glance.is_empty() {
            text.push_str(&format!("\n{}\n", style.heading(&chapter.title)));
            text.push_str(&glance(chapter, style));
        }
    }
    text.push_str(&warnings(&report.header, style));
    text
}

/// Returns what there is to see of a chapter: its tables, then what is said of them.
fn glance(chapter: &Chapter, style: Style) -> String {
    let grids: Vec<String> = chapter.glance.iter().map(|grid| grid.text(style)).collect();
    let notes = chapter.said.iter();
    let notes = notes.map(|note| style.paint(note.tone, &visible(&note.text)) + "\n");
    let notes: String = notes.collect();
    if notes.is_empty() {
        grids.join("\n")
    } else {
        format!("{}\n{notes}", grids.join("\n"))
    }
}

fn warnings(header: &Header, style: Style) -> String {
    let interrupted = header
        .interrupted
        .then_some("interrupted: the last rounds are missing");
    let warnings = header
        .warnings
        .iter()
        .map(String::as_str)
        .chain(interrupted);
    let lines = warnings.map(|warning| {
        let line = format!("warning: {}", visible(warning));
        format!("\n{}", style.paint(Tone::Bad, &line))
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        lines
    } else {
        lines + "\n"
    }
}

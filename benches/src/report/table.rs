//! A report for the terminal.

use crate::report::answer::answers;
use crate::report::grid::{Style, Tone, visible};
use crate::report::model::{Body, Header, Report};
use crate::report::reads;

/// Returns the report as lines for a terminal: two tables for each point, the answers and what
/// is noteworthy under them, and the warnings last, where they are not scrolled away.
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
    let Body::Reads(body) = &report.body;
    let mut text = format!("{}\n", style.heading(&visible(&reads::title(body))));
    text.push_str(&format!(
        "{}\n",
        style.paint(Tone::Faint, &reads::method(body))
    ));
    for point in &body.points {
        text.push_str(&format!(
            "\n{}\n",
            style.heading(&reads::offered(point.offered))
        ));
        text.push_str(&reads::glance(point).text(style));
        text.push('\n');
        text.push_str(&reads::glance_cost(point).text(style));
        text.push('\n');
        for answer in answers(point) {
            text.push_str(&format!("{}\n", visible(&answer)));
        }
        for note in reads::notes(point) {
            text.push_str(&format!(
                "{}\n",
                style.paint(note.tone, &visible(&note.text))
            ));
        }
    }
    let grids = reads::against_direct(body, POINTS_IN_GRID);
    if !grids.is_empty() {
        text.push_str(&format!("\n{}\n", style.heading(reads::AGAINST_DIRECT)));
    }
    let grids: Vec<String> = grids.iter().map(|grid| grid.text(style)).collect();
    text.push_str(&grids.join("\n"));
    text.push_str(&warnings(&report.header, style));
    text
}

/// How many ratios with their spread fit beside a name.
const POINTS_IN_GRID: usize = 3;

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

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
    let parts = outline.parts.iter();
    let headers = parts.filter_map(|part| part.result.as_ref().ok().map(|(header, _)| header));
    let headers: Vec<&Header> = [&report.header].into_iter().chain(headers).collect();
    text.push_str(&warnings(&headers, style));
    text
}

/// Returns what there is to see of a chapter: its tables, then what is said of them.
fn glance(chapter: &Chapter, style: Style) -> String {
    let grids: Vec<String> = chapter.glance.iter().map(|grid| grid.text(style)).collect();
    let notes = chapter.said.iter();
    let notes = notes.map(|note| {
        let lines = wrapped(&visible(&note.text), style.width);
        style.paint(note.tone, &lines) + "\n"
    });
    let notes: String = notes.collect();
    if notes.is_empty() {
        grids.join("\n")
    } else {
        format!("{}\n{notes}", grids.join("\n"))
    }
}

/// Returns what all of these warn of, each warning once.
fn warnings(headers: &[&Header], style: Style) -> String {
    let mut warnings: Vec<&str> = Vec::new();
    for header in headers {
        let interrupted = header
            .interrupted
            .then_some("interrupted: the last rounds are missing");
        for warning in header
            .warnings
            .iter()
            .map(String::as_str)
            .chain(interrupted)
        {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    let lines = warnings.iter().map(|warning| {
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

/// Returns a text in lines of at most so many characters, as far as its words allow.
fn wrapped(text: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(text.len());
    let mut used = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            wrapped.push('\n');
            used = 0;
        } else if used > 0 {
            wrapped.push(' ');
            used += 1;
        }
        wrapped.push_str(word);
        used += length;
    }
    wrapped
}

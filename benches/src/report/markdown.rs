//! A report as Markdown, to paste into an issue or to keep beside the code.

use crate::report::grid::{escaped, visible};
use crate::report::kinds;
use crate::report::model::{Header, Report};
use crate::report::outline::{Chapter, Outline, PartOutline};
use crate::report::quantity::Quantity;

/// Returns the report as Markdown: where it comes from, then every table of the HTML page.
///
/// # Examples
///
/// ```
/// use forebay_bench::report::markdown;
/// use forebay_bench::report::model::{Body, Clock, Header, Reads, Report};
///
/// let reads = Reads {
///     backend: "model".into(),
///     workload: "uniform over 10 keys".into(),
///     clock: Clock::Virtual,
///     points: Vec::new(),
/// };
/// let report = Report { header: Header::default(), body: Body::Reads(reads) };
/// assert!(markdown::render(&report).starts_with("# reads from model: uniform over 10 keys\n"));
/// ```
#[must_use]
pub fn render(report: &Report) -> String {
    let outline = kinds::outline(report);
    let mut text = format!("# {}\n\n", escaped(&outline.title));
    text.push_str(&origin(&report.header));
    text.push_str(&format!("\n{}.\n", escaped(&outline.method)));
    text.push_str(&chapters(&outline, "##"));
    for part in &outline.parts {
        text.push_str(&format!("\n## {} in full\n\n", escaped(&part.question)));
        text.push_str(&whole(part));
    }
    text
}

/// Returns a report in a report, with what is not said of it at the top.
fn whole(part: &PartOutline) -> String {
    let mut text = fenced(&part.command);
    match &part.result {
        Err(failure) => text.push_str(&format!("\n> **Failed:** {}\n", escaped(failure))),
        Ok((header, outline)) => {
            let (title, method) = (escaped(&outline.title), escaped(&outline.method));
            text.push_str(&format!("\n{title}; {method}.\n\n"));
            text.push_str(&settings(header));
            text.push_str(&warnings(header));
            text.push_str(&chapters(outline, "###"));
        }
    }
    text
}

/// Returns all chapters under headings of a level.
fn chapters(outline: &Outline, level: &str) -> String {
    let chapters = outline.summary.iter().chain(&outline.points);
    let chapters = chapters.map(|chapter| {
        let title = escaped(&chapter.title);
        format!("\n{level} {title}\n{}", sections(chapter, level))
    });
    chapters.collect()
}

fn sections(chapter: &Chapter, level: &str) -> String {
    let said = chapter.said.iter();
    let said: String = said
        .map(|note| format!("* {}\n", escaped(&note.text)))
        .collect();
    let mut text = String::new();
    if !said.is_empty() {
        text.push_str(&format!("\n{said}"));
    }
    if let Some(table) = &chapter.table {
        text.push_str(&format!("\n{}", table.markdown()));
    }
    for figure in &chapter.figures {
        let (title, lead) = (escaped(&figure.title), escaped(&figure.lead));
        let table = figure.table.markdown();
        text.push_str(&format!("\n{level}# {title}\n\n{lead}\n\n{table}"));
    }
    text
}

fn origin(header: &Header) -> String {
    let mut text = fenced(&header.command);
    let machine = &header.machine;
    let memory = match machine.memory_bytes {
        0 => "memory unknown".to_owned(),
        bytes => Quantity::Bytes.show(bytes as f64),
    };
    let machine = format!(
        "{}, {} cores, {memory}, {}",
        machine.cpu, machine.cores, machine.os
    );
    let lines = [
        ("Started", header.started_at.as_str()),
        ("Commit", &header.commit),
        ("Toolchain", &header.toolchain),
        ("Machine", &machine),
    ];
    text.push('\n');
    for (name, value) in lines {
        text.push_str(&format!("* {name}: {}\n", escaped(value)));
    }
    text + &settings(header) + &warnings(header)
}

fn settings(header: &Header) -> String {
    let settings = header.settings.iter().map(|setting| {
        let (name, value) = (escaped(&setting.name), escaped(&setting.value));
        format!("* {name}: {value}\n")
    });
    settings.collect()
}

fn warnings(header: &Header) -> String {
    let mut text = String::new();
    if header.interrupted {
        text.push_str("\n> **Interrupted:** the last rounds are missing.\n");
    }
    for warning in &header.warnings {
        text.push_str(&format!("\n> **Warning:** {}\n", escaped(warning)));
    }
    text
}

/// Returns a command as a code block that no command can end early.
fn fenced(command: &str) -> String {
    let mut run = 0;
    let mut longest = 0;
    for c in command.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}console\n$ {}\n{fence}\n", visible(command))
}

//! A report as Markdown, to paste into an issue or to keep beside the code.

use crate::report::answer::answers;
use crate::report::grid::{escaped, visible};
use crate::report::metric::{ALLOCATIONS, CPU, MEMORY, P99, THROUGHPUT};
use crate::report::model::{Body, Header, Point, Report};
use crate::report::{quantity::Quantity, reads};

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
    let Body::Reads(body) = &report.body;
    let mut text = format!("# {}\n\n", escaped(&reads::title(body)));
    text.push_str(&origin(&report.header));
    text.push_str(&format!("\n{}.\n", escaped(&reads::method(body))));
    for grid in reads::against_direct(body, usize::MAX) {
        let heading = format!("## {}", escaped(reads::AGAINST_DIRECT));
        section(&mut text, &heading, &grid.markdown());
    }
    if body.points.len() > 1 {
        section(
            &mut text,
            "## Loads per second",
            &reads::across(body, &THROUGHPUT).markdown(),
        );
        section(
            &mut text,
            "## p99 latency",
            &reads::across(body, &P99).markdown(),
        );
    }
    for point in &body.points {
        text.push_str(&format!(
            "\n## {}\n",
            escaped(&reads::offered(point.offered))
        ));
        text.push_str(&point_sections(point));
    }
    text
}

fn point_sections(point: &Point) -> String {
    let mut text = String::new();
    let notes = reads::notes(point).into_iter().map(|note| note.text);
    let said: Vec<String> = answers(point).into_iter().chain(notes).collect();
    if !said.is_empty() {
        let lines: String = said
            .iter()
            .map(|line| format!("* {}\n", escaped(line)))
            .collect();
        text.push_str(&format!("\n{lines}"));
    }
    section(
        &mut text,
        "### Backend calls",
        &reads::calls(point).markdown(),
    );
    section(&mut text, "### Latency", &reads::latency(point).markdown());
    for (heading, metric) in [
        ("### Throughput", &THROUGHPUT),
        ("### Processor time of a round", &CPU),
        ("### Allocations for each load", &ALLOCATIONS),
        ("### Peak memory", &MEMORY),
    ] {
        section(&mut text, heading, &reads::figure(metric, point).markdown());
    }
    text
}

fn section(text: &mut String, heading: &str, table: &str) {
    text.push_str(&format!("\n{heading}\n\n{table}"));
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
    for setting in &header.settings {
        text.push_str(&format!(
            "* {}: {}\n",
            escaped(&setting.name),
            escaped(&setting.value)
        ));
    }
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

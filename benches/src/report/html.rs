//! A report as one page: text, charts and tables in a single file that loads nothing.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::report::grid::{Cell, Grid, Tone};
use crate::report::model::{Body, Header, Report};
use crate::report::quantity::Quantity;

mod axis;
mod chart;
mod reads;

/// Returns the report as an HTML page.
///
/// Every text of the report is escaped, whoever wrote it.
///
/// # Examples
///
/// ```
/// use forebay_bench::report::html;
/// use forebay_bench::report::model::{Body, Clock, Header, Reads, Report};
///
/// let reads = Reads {
///     backend: "model".into(),
///     workload: "trace <b>.txt".into(),
///     clock: Clock::Virtual,
///     points: Vec::new(),
/// };
/// let report = Report { header: Header::default(), body: Body::Reads(reads) };
/// let page = html::render(&report);
/// assert!(page.contains("trace &lt;b&gt;.txt"));
/// ```
#[must_use]
pub fn render(report: &Report) -> String {
    let Body::Reads(body) = &report.body;
    let title = crate::report::reads::title(body);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    div class="eyebrow" { "forebay compare" }
                    h1 { "Reads from " (body.backend) }
                    p { (body.workload) }
                    p class="soft" { (crate::report::reads::method(body)) "." }
                    (origin(&report.header))
                }
                main { (reads::sections(body)) }
            }
        }
    };
    page.into_string()
}

const STYLE: &str = include_str!("html/style.css");

/// Returns where the figures come from.
fn origin(header: &Header) -> Markup {
    let machine = &header.machine;
    let memory = match machine.memory_bytes {
        0 => "memory unknown".to_owned(),
        bytes => Quantity::Bytes.show(bytes as f64),
    };
    html! {
        @if header.interrupted {
            p class="warning" { b { "Interrupted: " } "the last rounds are missing." }
        }
        @for warning in &header.warnings {
            p class="warning" { b { "Warning: " } (warning) }
        }
        pre { code { (header.command) } }
        dl {
            dt { "Commit" }
            dd { (header.commit) }
            dt { "Toolchain" }
            dd { (header.toolchain) }
            dt { "Machine" }
            dd { (machine.cpu) ", " (machine.cores) " cores, " (memory) ", " (machine.os) }
            dt { "Started" }
            dd { (header.started_at) }
            @if !header.settings.is_empty() {
                dt { "Settings" }
                dd class="settings" {
                    @for setting in &header.settings {
                        span { b { (setting.name) } " " (setting.value) }
                    }
                }
            }
        }
    }
}

/// Returns a chart with its title above and its numbers below.
fn figure(title: &str, lead: &str, chart: &Markup, numbers: &Markup) -> Markup {
    html! {
        figure {
            figcaption {
                h3 { (title) }
                p { (lead) }
            }
            (chart)
            (numbers)
        }
    }
}

/// Returns a grid as a table; the rows of the named series carry the colour of their line or bar.
fn table(grid: &Grid, names: &[&str]) -> Markup {
    html! {
        div class="wide" {
            table {
                thead {
                    tr { @for title in &grid.titles { th scope="col" { (title) } } }
                }
                tbody {
                    @for row in &grid.rows {
                        tr { @for (index, cell) in row.iter().enumerate() { (td(index, cell, names)) } }
                    }
                }
            }
        }
    }
}

fn td(index: usize, cell: &Cell, names: &[&str]) -> Markup {
    let colour = names.iter().position(|name| *name == cell.text);
    html! {
        @if index == 0 {
            th scope="row" class=(tone_class(cell.tone)) {
                @if let Some(colour) = colour {
                    span class={ "swatch " (chart::colour_class(colour)) } {}
                }
                (cell.text)
            }
        } @else {
            td class=(tone_class(cell.tone)) { (cell.text) }
        }
    }
}

fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Faint => "faint",
    }
}

//! A report as one page: text, charts and tables in a single file that loads nothing.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::report::grid::{Cell, Grid, Tone};
use crate::report::kinds;
use crate::report::model::{Header, Report};
use crate::report::outline::{Chapter, Figure, Note, Outline, PartOutline};
use crate::report::quantity::Quantity;

mod axis;
mod chart;
mod drawing;

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
    let outline = kinds::outline(report);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (outline.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    div class="eyebrow" { "forebay compare" }
                    h1 { (outline.heading) }
                    p { (outline.lead) }
                    p class="soft" { (outline.method) "." }
                    (origin(&report.header))
                }
                main { (chapters(&outline, "", Level::Page)) }
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
        (warnings(header))
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
            (settings(header))
        }
    }
}

fn warnings(header: &Header) -> Markup {
    html! {
        @if header.interrupted {
            p class="warning" { b { "Interrupted: " } "the last rounds are missing." }
        }
        @for warning in &header.warnings {
            p class="warning" { b { "Warning: " } (warning) }
        }
    }
}

fn settings(header: &Header) -> Markup {
    html! {
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

/// Returns a report in a report, with what the page does not say of it at its top.
fn part(index: usize, part: &PartOutline) -> Markup {
    html! {
        section class="part" {
            h2 id={ "part-" (index) } { (part.question) }
            @match &part.result {
                Ok((header, outline)) => {
                    p { (outline.title) }
                    p class="soft" { (outline.method) "." }
                    (warnings(header))
                    pre { code { (part.command) } }
                    dl {
                        dt { "Started" }
                        dd { (header.started_at) }
                        (settings(header))
                    }
                    (chapters(outline, &format!("part-{index}-"), Level::Part))
                }
                Err(failure) => {
                    p class="warning" { b { "Failed: " } (failure) }
                    pre { code { (part.command) } }
                }
            }
        }
    }
}

/// Whether something stands at the top of the page or within a part of it.
#[derive(Clone, Copy, Debug)]
enum Level {
    Page,
    Part,
}

/// Returns the headings of all chapters as links, where there is more than one; `place` begins their
/// addresses.
fn chapters(outline: &Outline, place: &str, level: Level) -> Markup {
    html! {
        @if outline.points.len() > 1 {
            nav {
                @for (index, point) in outline.points.iter().enumerate() {
                    a href={ "#" (place) "point-" (index) } { (point.title) }
                }
            }
        }
        @if !outline.parts.is_empty() {
            nav {
                @for (index, part) in outline.parts.iter().enumerate() {
                    a href={ "#part-" (index) } { (part.question) }
                }
            }
        }
        @for summary in &outline.summary {
            section {
                (heading(level, None, &summary.title))
                (content(summary, &outline.names, level))
            }
        }
        @for (index, point) in outline.points.iter().enumerate() {
            section {
                (heading(level, Some(format!("{place}point-{index}")), &point.title))
                (content(point, &outline.names, level))
            }
        }
        @for (index, shown) in outline.parts.iter().enumerate() { (part(index, shown)) }
    }
}

fn heading(level: Level, id: Option<String>, text: &str) -> Markup {
    html! {
        @match level {
            Level::Page => h2 id=[id] { (text) },
            Level::Part => h3 class="chapter" id=[id] { (text) },
        }
    }
}

fn content(chapter: &Chapter, names: &[String], level: Level) -> Markup {
    let is_answer = |note: &&Note| note.tone == Tone::Plain;
    let answers: Vec<&Note> = chapter.said.iter().filter(is_answer).collect();
    let notes = chapter.said.iter().filter(|note| !is_answer(note));
    // Charts that take half of the width stand in pairs.
    let rows = chapter
        .figures
        .chunk_by(|a, b| a.chart.is_wide() == b.chart.is_wide());
    html! {
        @if !answers.is_empty() {
            ul class="answers" { @for answer in answers { li { (answer.text) } } }
        }
        @for note in notes {
            p class=(tone_class(note.tone)) { (note.text) }
        }
        @if let Some(grid) = &chapter.table { (table(grid, names)) }
        @for figures in rows {
            @if figures.iter().any(|figure| figure.chart.is_wide()) {
                @for shown in figures { (figure(shown, names, level)) }
            } @else {
                div class="pair" { @for shown in figures { (figure(shown, names, level)) } }
            }
        }
    }
}

/// Returns a chart with its title above and its numbers below.
fn figure(figure: &Figure, names: &[String], level: Level) -> Markup {
    html! {
        figure {
            figcaption {
                @match level {
                    Level::Page => h3 { (figure.title) },
                    Level::Part => h4 { (figure.title) },
                }
                p { (figure.lead) }
            }
            (drawing::draw(&figure.title, &figure.chart, names))
            (table(&figure.table, names))
        }
    }
}

/// Returns a grid as a table; the rows of the named series carry the colour of their line or bar.
fn table(grid: &Grid, names: &[String]) -> Markup {
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

fn td(index: usize, cell: &Cell, names: &[String]) -> Markup {
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

//! Charts as inline SVG, written by hand.
//!
//! Charting libraries write colours into the picture. These charts name classes instead, so that
//! one picture follows the reader's colour scheme, and they are part of the page's text: they
//! scale, print and can be searched.

use maud::{Markup, html};

use super::axis::Axis;

/// The drawing area and the room around it for labels.
#[derive(Clone, Copy, Debug)]
struct Frame {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// A line with a name and a colour.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    /// Which colour of the page's palette.
    pub(super) colour: usize,
    /// Its points, in the figures of the two axes.
    pub(super) points: Vec<(f64, f64)>,
}

/// A bar with a name and a colour.
#[derive(Clone, Debug)]
pub(super) struct Bar<'a> {
    pub(super) name: &'a str,
    /// Which colour of the page's palette.
    pub(super) colour: usize,
    /// The smallest, middle and largest figure, where there is one.
    pub(super) figures: Option<(f64, f64, f64)>,
    /// The middle figure as text.
    pub(super) label: String,
}

/// How many colours the page has; more series than that are told apart by dashes.
const COLOURS: usize = 12;
/// How much of a name fits beside a bar.
const NAME_CHARS_MAX: usize = 30;
const BAR_HEIGHT: f64 = 18.0;
const BAR_PITCH: f64 = 29.0;

/// Returns the class that carries a series' colour.
pub(super) fn colour_class(colour: usize) -> String {
    format!("s{}", colour % COLOURS)
}

/// Draws cumulative distributions: shares of all loads over latency.
pub(super) fn steps(label: &str, lines: &[Line<'_>], x: &Axis, y: &Axis) -> Markup {
    let frame = Frame::lines(1_000.0, 380.0);
    let paths = lines
        .iter()
        .map(|line| (line, frame.step_path(&line.points, x, y)));
    let drawn = html! {
        @for (line, path) in paths {
            path class=(line_class(line.colour)) d=(path) { title { (line.name) } }
        }
    };
    frame.draw(label, x, y, &drawn)
}

/// Draws lines with a dot on each point.
pub(super) fn lines(label: &str, lines: &[Line<'_>], x: &Axis, y: &Axis) -> Markup {
    let frame = Frame::lines(480.0, 280.0);
    let place = |point: &(f64, f64)| (frame.x(x.place(point.0)), frame.y(y.place(point.1)));
    let drawn = html! {
        @for line in lines {
            path class=(line_class(line.colour)) d=(line_path(line.points.iter().map(place))) {
                title { (line.name) }
            }
            @for (cx, cy) in line.points.iter().map(place) {
                circle class={ "dot " (colour_class(line.colour)) } cx=(short(cx)) cy=(short(cy))
                    r="3.5" { title { (line.name) } }
            }
        }
    };
    frame.draw(label, x, y, &drawn)
}

/// Draws horizontal bars, with a marker at the figure that an ideal would have.
pub(super) fn bars(
    label: &str,
    width: f64,
    bars: &[Bar<'_>],
    x: &Axis,
    ideal: Option<(f64, String)>,
) -> Markup {
    let top = if ideal.is_some() { 26.0 } else { 8.0 };
    let height = top + BAR_PITCH * bars.len() as f64 + 30.0;
    let frame = Frame {
        width,
        height,
        left: 220.0,
        right: 76.0,
        top,
        bottom: 30.0,
    };
    let drawn = html! {
        @for (index, bar) in bars.iter().enumerate() {
            (frame.bar(bar, top + BAR_PITCH * (index as f64 + 0.5), x))
        }
        @if let Some((figure, label)) = ideal {
            @let at = short(frame.x(x.place(figure)));
            line class="ideal" x1=(at) x2=(at) y1=(short(top - 4.0)) y2=(short(height - 30.0)) {}
            text x=(at) y=(short(top - 10.0)) text-anchor="end" { (label) }
        }
    };
    html! {
        svg viewBox={ "0 0 " (short(width)) " " (short(height)) } role="img" aria-label=(label) {
            (frame.x_axis(x))
            (drawn)
        }
    }
}

impl Frame {
    fn lines(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            left: 68.0,
            right: 28.0,
            top: 12.0,
            bottom: 32.0,
        }
    }

    fn x(&self, share: f64) -> f64 {
        self.left + share * (self.width - self.left - self.right)
    }

    fn y(&self, share: f64) -> f64 {
        self.height - self.bottom - share * (self.height - self.top - self.bottom)
    }

    /// Puts both axes behind what was drawn.
    fn draw(&self, label: &str, x: &Axis, y: &Axis, drawn: &Markup) -> Markup {
        let (width, height) = (short(self.width), short(self.height));
        html! {
            svg viewBox={ "0 0 " (width) " " (height) } role="img" aria-label=(label) {
                (self.x_axis(x))
                (self.y_axis(y))
                (drawn)
            }
        }
    }

    fn x_axis(&self, axis: &Axis) -> Markup {
        let (top, bottom) = (short(self.top), self.height - self.bottom);
        html! {
            @for (figure, label) in &axis.ticks {
                @let at = short(self.x(axis.place(*figure)));
                line class="gridline" x1=(at) x2=(at) y1=(top) y2=(short(bottom)) {}
                text class="tick" x=(at) y=(short(bottom + 20.0)) text-anchor="middle" { (label) }
            }
        }
    }

    fn y_axis(&self, axis: &Axis) -> Markup {
        let (left, right) = (short(self.left), short(self.width - self.right));
        html! {
            @for (figure, label) in &axis.ticks {
                @let at = self.y(axis.place(*figure));
                line class="gridline" x1=(left) x2=(right) y1=(short(at)) y2=(short(at)) {}
                text class="tick" x=(short(self.left - 9.0)) y=(short(at + 4.0))
                    text-anchor="end" { (label) }
            }
        }
    }

    /// Draws one bar around a height, from the lower end of the axis.
    fn bar(&self, bar: &Bar<'_>, middle: f64, x: &Axis) -> Markup {
        let (start, end) = (self.x(0.0), self.x(1.0));
        let y = short(middle - BAR_HEIGHT / 2.0);
        let text_y = short(middle + 4.5);
        html! {
            text x=(short(start - 10.0)) y=(text_y) text-anchor="end" {
                (shortened(bar.name)) title { (bar.name) }
            }
            rect class="track" x=(short(start)) y=(y) width=(short(end - start))
                height=(short(BAR_HEIGHT)) rx="3" {}
            @if let Some((least, middle_figure, most)) = bar.figures {
                @let to = self.x(x.place(middle_figure));
                rect class={ "bar " (colour_class(bar.colour)) } x=(short(start)) y=(y)
                    width=(short(to - start)) height=(short(BAR_HEIGHT)) rx="3" {
                    title { (bar.name) ": " (bar.label) }
                }
                @if least < most {
                    line class="whisker" x1=(short(self.x(x.place(least))))
                        x2=(short(self.x(x.place(most)))) y1=(short(middle)) y2=(short(middle)) {}
                }
            }
            text x=(short(end + 8.0)) y=(text_y) { (bar.label) }
        }
    }

    /// Returns a path that rises only where there is a point, as a distribution does.
    fn step_path(&self, points: &[(f64, f64)], x: &Axis, y: &Axis) -> String {
        let mut path = String::new();
        for (index, point) in points.iter().enumerate() {
            let at = short(self.x(x.place(point.0)));
            if index == 0 {
                path.push_str(&format!("M{at} {}", short(self.y(0.0))));
            } else {
                path.push_str(&format!("H{at}"));
            }
            path.push_str(&format!("V{}", short(self.y(y.place(point.1)))));
        }
        path
    }
}

fn line_path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (x, y) in points {
        let command = if path.is_empty() { 'M' } else { 'L' };
        path.push_str(&format!("{command}{} {}", short(x), short(y)));
    }
    path
}

fn line_class(colour: usize) -> String {
    let again = if colour >= COLOURS { " again" } else { "" };
    format!("line {}{again}", colour_class(colour))
}

/// Returns a coordinate to a tenth of a pixel: more only makes the page longer.
fn short(coordinate: f64) -> String {
    let text = format!("{coordinate:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_CHARS_MAX {
        return name.to_owned();
    }
    name.chars().take(NAME_CHARS_MAX - 1).chain(['…']).collect()
}

//! Tables that do not know yet whether they become terminal text, Markdown or HTML.

/// Rows of text cells under titled columns. The first column names the row; the rest are figures.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    /// The columns' titles, the first one's included.
    pub(crate) titles: Vec<String>,
    /// The rows, each as long as the titles.
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

/// What a cell should make a reader feel.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Tone {
    /// A figure among others.
    #[default]
    Plain,
    /// The best of its column.
    Good,
    /// A figure that should not be what it is.
    Bad,
    /// Not a result but a yardstick.
    Faint,
}

/// How text for a terminal is laid out.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Style {
    /// Whether to write colour codes.
    pub colour: bool,
    /// How many columns a line may have.
    pub width: usize,
}

impl Style {
    /// Creates the style for some output: 100 columns, and colour only on a terminal whose user
    /// did not set `NO_COLOR` to anything.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::report::grid::Style;
    ///
    /// assert!(Style::new(true, None).colour);
    /// assert!(!Style::new(true, Some("1")).colour);
    /// assert!(!Style::new(false, None).colour);
    /// ```
    #[must_use]
    pub fn new(terminal: bool, no_color: Option<&str>) -> Self {
        Self {
            colour: terminal && no_color.is_none_or(str::is_empty),
            width: WIDTH,
        }
    }

    /// Creates the style for standard output, from whether it is a terminal and from `NO_COLOR`.
    #[must_use]
    pub fn of_stdout() -> Self {
        use std::io::IsTerminal;

        let no_color = std::env::var_os("NO_COLOR").map(|set| set.to_string_lossy().into_owned());
        Self::new(std::io::stdout().is_terminal(), no_color.as_deref())
    }

    /// Returns the text in a tone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "1;31",
            Tone::Faint => "2",
            Tone::Plain => return text.to_owned(),
        };
        if text.is_empty() {
            return String::new();
        }
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Returns the text as a heading.
    pub(crate) fn heading(self, text: &str) -> String {
        if self.colour {
            format!("\x1b[1m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

impl Cell {
    /// Creates a cell in the tone of a plain figure.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tone: Tone::Plain,
        }
    }

    /// Creates a cell in a tone.
    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }
}

impl Grid {
    /// Creates a grid without rows.
    pub(crate) fn new(titles: impl IntoIterator<Item: AsRef<str>>) -> Self {
        Self {
            titles: titles
                .into_iter()
                .map(|title| title.as_ref().to_owned())
                .collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; cells that are missing at its end are empty.
    pub(crate) fn push(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let mut row: Vec<Cell> = cells.into_iter().collect();
        row.resize_with(self.titles.len(), Cell::default);
        self.rows.push(row);
    }

    /// Adds a yardstick: a faint row with one figure in a named column and nothing elsewhere.
    pub(crate) fn push_yardstick(&mut self, name: &str, title: &str, figure: String) {
        let cells = self.titles.iter().enumerate().map(|(index, column)| {
            let text = match index {
                0 => name.to_owned(),
                _ if column == title => figure.clone(),
                _ => String::new(),
            };
            Cell::toned(text, Tone::Faint)
        });
        let row = cells.collect();
        self.rows.push(row);
    }

    /// Returns the grid as aligned lines for a terminal. Names that leave too little room for the
    /// figures are cut; figures never are.
    #[must_use]
    pub fn text(&self, style: Style) -> String {
        let mut widths: Vec<usize> = self.titles.iter().map(|title| chars(title)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(chars(&visible(&cell.text)));
            }
        }
        let figures: usize = widths.iter().skip(1).map(|width| width + GAP.len()).sum();
        if let Some(names) = widths.first_mut() {
            *names = (*names).min(style.width.saturating_sub(figures).max(NAME_WIDTH_MIN));
        }
        let titles: Vec<Cell> = self
            .titles
            .iter()
            .map(|title| Cell::toned(title, Tone::Faint))
            .collect();
        let lines = std::iter::once(&titles).chain(&self.rows);
        lines.map(|row| line(row, &widths, style)).collect()
    }

    /// Returns the grid as a Markdown table.
    #[must_use]
    pub fn markdown(&self) -> String {
        let joined = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = joined(self.titles.iter().map(|title| escaped(title)).collect());
        text.push_str("|:--");
        text.push_str(&"|--:".repeat(self.titles.len().saturating_sub(1)));
        text.push_str("|\n");
        for row in &self.rows {
            text.push_str(&joined(row.iter().map(markdown_cell).collect()));
        }
        text
    }
}

/// Returns the text with everything replaced that would move a terminal's cursor, reorder the line
/// or break it: names come from files that others wrote.
#[must_use]
pub fn visible(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if steers(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Returns the text such that Markdown shows it as it is.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '~' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// How wide a table may be: what fits beside code and into a mail.
const WIDTH: usize = 100;
/// Names are never cut shorter than this.
const NAME_WIDTH_MIN: usize = 12;
const GAP: &str = "  ";

fn line(row: &[Cell], widths: &[usize], style: Style) -> String {
    let mut line = String::new();
    for (index, (cell, &width)) in row.iter().zip(widths).enumerate() {
        let text = cut(&visible(&cell.text), width);
        let padding = " ".repeat(width.saturating_sub(chars(&text)));
        let painted = style.paint(cell.tone, &text);
        if index == 0 {
            line.push_str(&(painted + &padding));
        } else {
            line.push_str(&(GAP.to_owned() + &padding + &painted));
        }
    }
    line.truncate(line.trim_end().len());
    line.push('\n');
    line
}

/// Returns at most `width` characters, with a mark where something was cut.
fn cut(text: &str, width: usize) -> String {
    if chars(text) <= width {
        return text.to_owned();
    }
    text.chars()
        .take(width.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// Returns how many columns a text takes, as far as one character takes one.
fn chars(text: &str) -> usize {
    text.chars().count()
}

fn markdown_cell(cell: &Cell) -> String {
    let text = escaped(&cell.text);
    match cell.tone {
        _ if text.is_empty() => text,
        Tone::Good | Tone::Bad => format!("**{text}**"),
        Tone::Faint => format!("*{text}*"),
        Tone::Plain => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(name: &str) -> Grid {
        let mut grid = Grid::new(["strategy", "calls"]);
        grid.push([Cell::plain(name), Cell::toned("7", Tone::Good)]);
        grid
    }

    #[test]
    fn figures_are_aligned_to_the_right_and_names_to_the_left() {
        let text = grid("direct").text(Style::new(false, None));
        assert_eq!(text, "strategy  calls\ndirect        7\n");
    }

    #[test]
    fn long_names_are_cut_and_figures_are_not() {
        let text = grid(&"x".repeat(500)).text(Style::new(false, None));
        let row = text.lines().nth(1).unwrap();
        assert_eq!(row.chars().count(), WIDTH);
        assert!(row.ends_with("…      7"));
    }

    #[test]
    fn colour_is_written_only_where_it_is_wanted() {
        assert!(
            grid("a")
                .text(Style::new(true, None))
                .contains("\x1b[32m7\x1b[0m")
        );
        assert!(!grid("a").text(Style::new(true, Some("1"))).contains('\x1b'));
    }

    #[test]
    fn names_cannot_steer_the_terminal() {
        let text = grid("a\x1b[2Jb\nc\u{202e}d").text(Style::new(false, None));
        assert!(!text.contains('\x1b') && !text.contains('\u{202e}'));
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn names_cannot_break_a_markdown_table() {
        let text = grid("a|b <i>`*_\n").markdown();
        assert!(text.contains(r"| a\|b &lt;i&gt;\`\*\_"), "{text}");
        assert_eq!(text.lines().count(), 3);
    }
}

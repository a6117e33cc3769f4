//! Figures as text that people compare at a glance: three digits and a unit.

/// What a figure is a quantity of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Quantity {
    /// Nanoseconds, shown in the unit that fits.
    Nanoseconds,
    /// Things that were counted.
    Count,
    /// Things in a second.
    PerSecond,
    /// An average or a quotient.
    Plain,
    /// Bytes, shown in binary units.
    Bytes,
    /// A share of one, shown in percent.
    Share,
}

/// What stands where there is no figure.
pub const NONE: &str = "–";

impl Quantity {
    /// Returns the figure as text, and a dash for none.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::report::quantity::Quantity;
    ///
    /// assert_eq!(Quantity::Nanoseconds.show(1_234_567.0), "1.23 ms");
    /// assert_eq!(Quantity::Count.show(1_234_567.0), "1,234,567");
    /// assert_eq!(Quantity::Bytes.show(f64::NAN), "–");
    /// ```
    #[must_use]
    pub fn show(self, figure: f64) -> String {
        if !figure.is_finite() {
            return NONE.to_owned();
        }
        match self {
            Self::Nanoseconds => nanoseconds(figure),
            Self::Count if figure.abs() < COUNT_MAX => grouped(figure),
            Self::Count | Self::PerSecond => scaled(figure, &DECIMAL, 1_000.0),
            Self::Plain => digits(figure),
            Self::Bytes => scaled(figure, &BINARY, 1_024.0),
            // Adding 0 to what was rounded turns a negative nothing into nothing.
            Self::Share => format!("{:.1} %", (figure * 1_000.0).round() / 10.0 + 0.0),
        }
    }

    /// Returns a round figure as text without the zeros after its point, for an axis.
    pub(crate) fn mark(self, figure: f64) -> String {
        let text = self.show(figure);
        let (number, unit) = text.split_at(text.find(' ').unwrap_or(text.len()));
        if !number.contains('.') || number.contains('e') {
            return text;
        }
        format!(
            "{}{unit}",
            number.trim_end_matches('0').trim_end_matches('.')
        )
    }

    /// Returns the figure as text, and a dash where there is none.
    #[must_use]
    pub fn show_some(self, figure: Option<f64>) -> String {
        figure.map_or_else(|| NONE.to_owned(), |figure| self.show(figure))
    }
}

/// Returns a ratio with two decimals, fewer for large ones.
///
/// # Examples
///
/// ```
/// use forebay_bench::report::quantity::ratio;
///
/// assert_eq!(ratio(1.0), "1.00");
/// assert_eq!(ratio(734.2), "734");
/// ```
#[must_use]
pub fn ratio(ratio: f64) -> String {
    match ratio {
        _ if ratio.is_nan() => NONE.to_owned(),
        _ if ratio == f64::INFINITY => "inf".to_owned(),
        _ if ratio >= COUNT_MAX => format!("{ratio:.1e}"),
        // More digits would say more than a ratio knows.
        _ if ratio >= 9_995.0 => grouped((ratio / 100.0).round() * 100.0),
        _ if ratio >= 999.5 => grouped((ratio / 10.0).round() * 10.0),
        _ if ratio >= 99.95 => format!("{ratio:.0}"),
        _ if ratio >= 9.995 => format!("{ratio:.1}"),
        // Two decimals of a ratio near nothing would hide it.
        _ if ratio < 0.095 && ratio > 0.0 => format!("{ratio:.3}"),
        _ => format!("{ratio:.2}"),
    }
}

/// Counts from here on are shown with a unit.
const COUNT_MAX: f64 = 1e9;

const DECIMAL: [&str; 6] = ["", "k", "M", "G", "T", "P"];
const BINARY: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

fn nanoseconds(figure: f64) -> String {
    let (unit, scale) = match figure.abs() {
        // A figure that three digits would round up to the next unit is shown in that unit.
        below if below < 999.5 => ("ns", 1.0),
        below if below < 999.5e3 => ("µs", 1e3),
        below if below < 999.5e6 => ("ms", 1e6),
        _ => ("s", 1e9),
    };
    format!("{} {unit}", digits(figure / scale))
}

fn scaled(figure: f64, units: &[&str], step: f64) -> String {
    let mut figure = figure;
    let mut at = 0;
    while figure.abs() >= 999.5 && at + 1 < units.len() {
        figure /= step;
        at += 1;
    }
    format!("{} {}", digits(figure), units[at])
        .trim_end()
        .to_owned()
}

/// Returns three significant digits, and all digits before the point.
fn digits(figure: f64) -> String {
    match figure.abs() {
        0.0 => "0".to_owned(),
        small if small < 0.001 => format!("{figure:.1e}"),
        small if small < 0.1 => format!("{figure:.3}"),
        small if small < 9.995 => format!("{figure:.2}"),
        medium if medium < 99.95 => format!("{figure:.1}"),
        large if large < 1e7 => format!("{figure:.0}"),
        _ => format!("{figure:.2e}"),
    }
}

/// Returns a whole number with its digits in groups of three.
fn grouped(figure: f64) -> String {
    let plain = format!("{:.0}", figure.abs());
    let mut text = String::from(if figure <= -0.5 { "-" } else { "" });
    for (index, digit) in plain.chars().enumerate() {
        if index > 0 && (plain.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_change_where_three_digits_end() {
        let shown = [999.0, 999.4, 999.6, 1e6, 999_600.0, 2.5e9, 1e13, 0.0]
            .map(|ns| Quantity::Nanoseconds.show(ns));
        let expected = [
            "999 ns", "999 ns", "1.00 µs", "1.00 ms", "1.00 ms", "2.50 s", "10000 s", "0 ns",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn marks_on_an_axis_are_as_short_as_they_can_be() {
        let marks = [1e3, 2.5e3, 1e8, 0.0].map(|ns| Quantity::Nanoseconds.mark(ns));
        assert_eq!(marks, ["1 µs", "2.5 µs", "100 ms", "0 ns"]);
        assert_eq!(Quantity::PerSecond.mark(20_000.0), "20 k");
    }

    #[test]
    fn counts_are_exact_until_they_do_not_fit() {
        let shown = [0.0, 999.0, 1_000.0, 12_345_678.0, 2.5e9].map(|n| Quantity::Count.show(n));
        assert_eq!(shown, ["0", "999", "1,000", "12,345,678", "2.50 G"]);
    }

    #[test]
    fn bytes_are_binary() {
        let shown = [0.0, 512.0, 1_536.0, 1_048_576.0].map(|bytes| Quantity::Bytes.show(bytes));
        assert_eq!(shown, ["0 B", "512 B", "1.50 KiB", "1.00 MiB"]);
    }

    #[test]
    fn shares_are_percent_and_may_be_negative() {
        assert_eq!(Quantity::Share.show(0.9876), "98.8 %");
        assert_eq!(Quantity::Share.show(-0.25), "-25.0 %");
        assert_eq!(Quantity::Share.show(-0.000_01), "0.0 %");
    }

    #[test]
    fn ratios_keep_what_matters() {
        let shown = [1.0, 9.99, 9.999, 99.94, 99.96, 123_456.0, 0.05, 0.0].map(ratio);
        assert_eq!(
            shown,
            [
                "1.00", "9.99", "10.0", "99.9", "100", "123,500", "0.050", "0.00"
            ]
        );
        assert_eq!(
            (ratio(f64::INFINITY), ratio(f64::NAN)),
            ("inf".into(), NONE.into())
        );
    }
}

//! What each stage saved, read from the metrics that the service exposes.

use std::fmt;

/// The counters of the service at one moment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// Rows that handlers asked for.
    pub asked: u64,
    /// Those that shared the load of another request.
    pub shared: u64,
    /// Keys that the statements asked for.
    pub keys: u64,
    /// Statements that the database executed.
    pub statements: u64,
}

impl Counters {
    /// Reads a text in the format of Prometheus; what it does not have counts as zero.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let sum = |name: &str| {
            let lines = text.lines().filter_map(|line| {
                let (series, value) = line.rsplit_once(' ')?;
                let (found, _) = series.split_once('{').unwrap_or((series, ""));
                (found == name).then_some(value.parse::<u64>().ok()?)
            });
            lines.sum::<u64>()
        };
        let shared = sum("forebay_singleflight_joins_total");
        Self {
            asked: sum("forebay_singleflight_loads_total") + shared,
            shared,
            keys: sum("forebay_batch_keys_total"),
            statements: sum("database_statements_total"),
        }
    }

    /// Returns what was counted since `before`.
    #[must_use]
    pub const fn since(self, before: Self) -> Self {
        Self {
            asked: self.asked.saturating_sub(before.asked),
            shared: self.shared.saturating_sub(before.shared),
            keys: self.keys.saturating_sub(before.keys),
            statements: self.statements.saturating_sub(before.statements),
        }
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            asked,
            shared,
            keys,
            statements,
        } = *self;
        writeln!(
            f,
            "{:<14}{:>10}{:>12}{:>9}",
            "", "asked for", "passed on", "saved"
        )?;
        for (stage, before, after) in [
            ("singleflight", asked, asked - shared),
            ("batch", asked - shared, statements),
            ("both", asked, statements),
        ] {
            let saved = 100.0 - 100.0 * after as f64 / before.max(1) as f64;
            writeln!(f, "{stage:<14}{before:>10}{after:>12}{saved:>8.1}%")?;
        }
        let each = keys as f64 / statements.max(1) as f64;
        write!(f, "{statements} statements with {each:.1} keys each")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_summed_over_their_labels() {
        let text = "# TYPE forebay_singleflight_loads_total counter\n\
                    forebay_singleflight_loads_total{group=\"users\"} 5\n\
                    forebay_singleflight_loads_total{group=\"orders\"} 7\n\
                    forebay_singleflight_joins_total{group=\"users\"} 3\n\
                    forebay_batch_keys_total{name=\"users\"} 12\n\
                    database_statements_total 4\n";
        let counters = Counters::parse(text);
        let expected = Counters {
            asked: 15,
            shared: 3,
            keys: 12,
            statements: 4,
        };
        assert_eq!(counters, expected);
        assert_eq!(counters.since(counters), Counters::default());
        let report = counters.to_string();
        assert!(
            report.contains("4 statements with 3.0 keys each"),
            "{report}"
        );
    }
}

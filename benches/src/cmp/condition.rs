//! One `--fail-if` expression: a metric, an operator, a factor.

use std::fmt;
use std::str::FromStr;

use crate::report::metric::Measure;

/// When a comparison fails: the ratio of a metric, after to before, is on the wrong side of a
/// factor.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    measure: &'static Measure,
    operator: Operator,
    factor: f64,
}

/// Why an expression is not a condition.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// There is no metric of that name.
    #[error("unknown metric {metric:?} in {written:?}: allowed are {allowed}", allowed = allowed())]
    Metric {
        /// The name.
        metric: String,
        /// The whole expression.
        written: String,
    },
    /// There is no operator.
    #[error("missing operator in {written:?}: expected a metric, one of > >= < <=, and a factor")]
    Operator {
        /// The whole expression.
        written: String,
    },
    /// What follows the operator is not a factor.
    #[error("malformed factor in {written:?}: expected a number from 0 to 1000000, such as 1.1x")]
    Factor {
        /// The whole expression.
        written: String,
    },
}

#[derive(Clone, Copy, Debug)]
enum Operator {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Condition {
    /// Returns the measure that is judged.
    #[must_use]
    pub fn measure(&self) -> &'static Measure {
        self.measure
    }

    /// Returns whether a ratio, after to before, meets the condition and so fails the comparison.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::cmp::Condition;
    ///
    /// let condition: Condition = "p99 > 1.1x".parse()?;
    /// assert!(condition.fails(1.2) && !condition.fails(1.1));
    /// # Ok::<(), forebay_bench::cmp::ConditionError>(())
    /// ```
    #[must_use]
    pub fn fails(&self, ratio: f64) -> bool {
        match self.operator {
            Operator::Above => ratio > self.factor,
            Operator::AtLeast => ratio >= self.factor,
            Operator::Below => ratio < self.factor,
            Operator::AtMost => ratio <= self.factor,
        }
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(written: &str) -> Result<Self, ConditionError> {
        let cut = |text: &str| text.chars().take(WRITTEN_CHARS_MAX).collect::<String>();
        let Some(at) = written.find(['<', '>']) else {
            return Err(ConditionError::Operator {
                written: cut(written),
            });
        };
        let (name, rest) = (written[..at].trim(), &written[at..]);
        let Some(measure) = Measure::named(name) else {
            return Err(ConditionError::Metric {
                metric: cut(name),
                written: cut(written),
            });
        };
        let (operator, factor) = Operator::split(rest);
        let factor = factor.trim();
        let factor = factor.strip_suffix('x').unwrap_or(factor).trim_end();
        let number = factor
            .parse::<f64>()
            .ok()
            .filter(|number| (0.0..=FACTOR_MAX).contains(number));
        let factor = number.ok_or_else(|| ConditionError::Factor {
            written: cut(written),
        })?;
        Ok(Self {
            measure,
            operator,
            factor,
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match self.operator {
            Operator::Above => ">",
            Operator::AtLeast => ">=",
            Operator::Below => "<",
            Operator::AtMost => "<=",
        };
        write!(f, "{}{operator}{}x", self.measure.name(), self.factor)
    }
}

impl Operator {
    /// Splits the operator off a text that begins with `<` or `>`.
    fn split(text: &str) -> (Self, &str) {
        let operators = [
            (">=", Self::AtLeast),
            ("<=", Self::AtMost),
            (">", Self::Above),
            ("<", Self::Below),
        ];
        let found = operators.into_iter().find_map(|(written, operator)| {
            text.strip_prefix(written).map(|rest| (operator, rest))
        });
        found.unwrap_or((Self::Above, text))
    }
}

/// Factors beyond this are mistyped.
const FACTOR_MAX: f64 = 1e6;
/// How much of a malformed expression an error repeats.
const WRITTEN_CHARS_MAX: usize = 60;

fn allowed() -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in Measure::all().map(Measure::name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(written: &str) -> Result<String, ConditionError> {
        written
            .parse()
            .map(|condition: Condition| condition.to_string())
    }

    #[test]
    fn spaces_and_the_x_may_be_left_out() {
        for written in ["p99.9>=1.5x", " p99.9 >= 1.5 x ", "p99.9>=1.5"] {
            assert_eq!(parse(written).unwrap(), "p99.9>=1.5x");
        }
        assert_eq!(parse("throughput<0.9x").unwrap(), "throughput<0.9x");
        assert_eq!(parse("calls<=1").unwrap(), "calls<=1x");
    }

    #[test]
    fn each_part_that_is_wrong_is_named() {
        let written = String::from;
        assert_eq!(
            parse("p99=2"),
            Err(ConditionError::Operator {
                written: written("p99=2")
            })
        );
        assert_eq!(
            parse(""),
            Err(ConditionError::Operator {
                written: written("")
            })
        );
        let unknown = ConditionError::Metric {
            metric: written("p98"),
            written: written("p98>2"),
        };
        assert_eq!(parse("p98>2"), Err(unknown));
        for factor in ["", "x", "1.1y", "nan", "inf", "-1", "1e9", ">2", "1.1xx"] {
            let all = format!("p99>{factor}");
            assert_eq!(parse(&all), Err(ConditionError::Factor { written: all }));
        }
    }

    #[test]
    fn errors_are_one_line_however_long_the_expression() {
        let error = parse(&format!("{}\n>1", "y".repeat(10_000)))
            .unwrap_err()
            .to_string();
        assert!(error.len() < 800 && error.lines().count() == 1, "{error}");
    }

    #[test]
    fn each_operator_means_what_it_says() {
        let fails = |written: &str, ratio| written.parse::<Condition>().unwrap().fails(ratio);
        assert!(fails("p50>=2", 2.0) && !fails("p50>2", 2.0));
        assert!(fails("p50<=2", 2.0) && !fails("p50<2", 2.0));
        assert!(fails("p50>2", f64::INFINITY) && fails("p50<2", 1.0));
    }
}

//! How single arguments are read, and how a command line is written down.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use tokio_postgres::Config;

/// The most that a length of time may be.
const TIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads a length of time: a number and a unit, such as `250us`, `1.5ms` or `60s`.
pub(super) fn time(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "expected a time such as 250us, 1.5ms or 60s, at most a day";
    let unit = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "ns" => 1e-9,
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err(EXPECTED),
    };
    let number: f64 = number.parse().map_err(|_| EXPECTED)?;
    let time = Duration::try_from_secs_f64(number * seconds).map_err(|_| EXPECTED)?;
    if time > TIME_MAX {
        Err(EXPECTED)
    } else {
        Ok(time)
    }
}

/// Reads a length of time that is not zero.
pub(super) fn time_above_zero(text: &str) -> Result<Duration, &'static str> {
    let time = time(text)?;
    if time.is_zero() {
        return Err("expected a time above zero, such as 250us, 1.5ms or 60s");
    }
    Ok(time)
}

/// Reads a number above zero.
pub(super) fn above_zero(text: &str) -> Result<f64, &'static str> {
    number(text, |number| number > 0.0 && number <= 1e9)
        .ok_or("expected a number above 0 and at most 1000000000")
}

/// Reads how steep or how long something is.
pub(super) fn steepness(text: &str) -> Result<f64, &'static str> {
    number(text, |number| (0.0..=10.0).contains(&number)).ok_or("expected a number from 0 to 10")
}

/// Reads a share of a whole.
pub(super) fn share(text: &str) -> Result<f64, &'static str> {
    number(text, |number| (0.0..=1.0).contains(&number)).ok_or("expected a number from 0 to 1")
}

/// Reads a share of which something is left.
pub(super) fn loss(text: &str) -> Result<f64, &'static str> {
    number(text, |number| (0.0..1.0).contains(&number)).ok_or("expected a number from 0 to below 1")
}

/// Reads how much there is of something in a second, which may be nothing.
pub(super) fn rate(text: &str) -> Result<f64, &'static str> {
    number(text, |number| (0.0..=1e9).contains(&number))
        .ok_or("expected a number from 0 to 1000000000")
}

/// Reads where a server is, as a URL or as `name=value` pairs.
pub(super) fn server(text: &str) -> Result<Config, &'static str> {
    const EXPECTED: &str = "expected a URL such as postgres://user@localhost/database";
    text.parse().map_err(|_| EXPECTED)
}

fn number(text: &str, allowed: impl Fn(f64) -> bool) -> Option<f64> {
    text.parse().ok().filter(|&number| allowed(number))
}

/// Returns a command line as a shell reads it back, with the program's bare name and without
/// passwords: it ends up in reports.
pub(super) fn quoted(arguments: &[OsString]) -> String {
    let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
    let program = arguments.next().unwrap_or_default();
    let program = Path::new(&*program).file_name().unwrap_or_default();
    let mut line = quote(&program.to_string_lossy());
    for argument in arguments {
        line.push(' ');
        line.push_str(&quote(&without_password(&argument)));
    }
    line
}

/// Returns an argument with its password replaced, where it is a server's address.
fn without_password(argument: &str) -> String {
    const REPLACEMENT: &str = "***";
    let mut text = argument.to_owned();
    if let Some(start) = text.find("://").map(|at| at + 3)
        && let Some(end) = text.rfind('@').filter(|end| *end > start)
        && let Some(colon) = text[start..end].find(':')
    {
        text.replace_range(start + colon + 1..end, REPLACEMENT);
    }
    const NAME: &str = "password=";
    if let Some(start) = text.find(NAME).map(|at| at + NAME.len()) {
        // A quoted one may hold anything, so that nothing behind it is kept.
        let ends = |c: char| c == '&' || c.is_whitespace();
        let end = text[start..].find(ends).map(|length| start + length);
        let is_quoted = text[start..].starts_with('\'');
        let end = end.filter(|_| !is_quoted).unwrap_or(text.len());
        text.replace_range(start..end, REPLACEMENT);
    }
    text
}

fn quote(argument: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_=+,./:@%".contains(c);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_need_a_unit_and_stay_in_bounds() {
        assert_eq!(time("250us"), Ok(Duration::from_micros(250)));
        assert_eq!(time("1.5ms"), Ok(Duration::from_micros(1_500)));
        for text in ["", "5", "s", "-1s", "NaNs", "infs", "1h", "1e9s", "25000m"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert!(time("0s").is_ok() && time_above_zero("0s").is_err());
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        for text in ["NaN", "inf", "-1", "0", ""] {
            assert!(above_zero(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_quoted_command_line_can_be_pasted() {
        let arguments = ["/a/b/program", "--out", "it's here", ""].map(OsString::from);
        assert_eq!(quoted(&arguments), r"program --out 'it'\''s here' ''");
    }

    #[test]
    fn passwords_are_not_written_down() {
        let kept = [
            "postgres://user@host/database",
            "postgres://host:5432/database",
            "reads",
        ];
        for argument in kept {
            assert_eq!(without_password(argument), argument);
        }
        let hidden = [
            (
                "postgres://me:s3cr@t@host:1/db",
                "postgres://me:***@host:1/db",
            ),
            (
                "postgres:///db?password=s3cret&user=me",
                "postgres:///db?password=***&user=me",
            ),
            (
                "host=h password=s3cret user=me",
                "host=h password=*** user=me",
            ),
            ("password='s3 cret' user=me", "password=***"),
            (
                "--postgres-url=postgres://me:s3cret@host",
                "--postgres-url=postgres://me:***@host",
            ),
        ];
        for (argument, expected) in hidden {
            assert_eq!(without_password(argument), expected);
        }
    }
}

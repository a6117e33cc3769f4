use crate::reads::trace::error::Found;

/// The line that may come before timed reads.
pub(super) const HEADER: &str = "time,key";

/// What a line of a timed trace should be, as errors say it.
const TIMED: &str = "`time,key` with a time in seconds such as 12.5";

/// Why a line is malformed: what was expected, and what was there.
pub(super) type Malformed = (&'static str, Found);

/// Returns the key of a line that is one.
pub(super) fn key(line: &str) -> Result<&str, Malformed> {
    if line.trim().is_empty() {
        return Err(("a key", Found::Blank));
    }
    Ok(line)
}

/// Returns the time, in nanoseconds, and the key of a timed line.
pub(super) fn timed(line: &str) -> Result<(u64, &str), Malformed> {
    let Some((time, key)) = line.split_once(',') else {
        let found = match line.trim() {
            "" => Found::Blank,
            _ => Found::text(line),
        };
        return Err((TIMED, found));
    };
    let time_ns = seconds(time.trim()).ok_or_else(|| (TIMED, Found::text(line)))?;
    if key.trim().is_empty() {
        return Err(("a key after the time", Found::text(line)));
    }
    Ok((time_ns, key))
}

/// Returns whether a line could only be meant as a timed one.
pub(super) fn looks_timed(line: &str) -> bool {
    let time = line.split_once(',').map(|(time, _)| time.trim());
    line == HEADER || time.is_some_and(|time| seconds(time).is_some())
}

/// Reads decimal seconds as nanoseconds, digit by digit: a binary fraction would round them.
fn seconds(text: &str) -> Option<u64> {
    const DECIMALS_MAX: usize = 9;
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > DECIMALS_MAX {
        return None;
    }
    let scale = 10_u64.pow((DECIMALS_MAX - decimals.len()) as u32);
    let fraction_ns = decimals.parse::<u64>().ok()? * scale;
    let whole_ns = whole.parse::<u64>().ok()?.checked_mul(1_000_000_000)?;
    whole_ns.checked_add(fraction_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact() {
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(
            seconds("1700000000.123456789"),
            Some(1_700_000_000_123_456_789)
        );
        assert_eq!(seconds("0.1"), Some(100_000_000));
    }

    #[test]
    fn what_is_no_plain_decimal_is_no_time() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "0.1234567891",
            "99999999999",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn the_key_is_the_rest_of_the_line() {
        assert_eq!(timed("1,a,b").map(|(_, key)| key), Ok("a,b"));
    }
}

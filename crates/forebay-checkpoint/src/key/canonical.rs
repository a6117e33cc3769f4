use crate::json::{Json, write_string};

/// The largest whole number below which a double has every other one, 2^53.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
const EXACT_MAX_TEXT: &str = "9007199254740992";

/// No double has more digits than this when it is written out.
const EXACT_DIGITS_MAX: usize = 767;

/// What becomes of what canonical JSON cannot tell apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ambiguity {
    /// It is refused.
    Refused,
    /// Large numbers are rounded, and the last of equal names counts.
    Resolved,
}

/// Why JSON has no canonical form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum NotCanonical {
    Number(String),
    Name(String),
}

/// Writes a value in the canonical form of RFC 8785: without spaces, names in the order of their
/// UTF-16 units, strings with the fewest escapes, numbers as the shortest decimals of doubles.
pub(super) fn canonical(value: &Json, ambiguity: Ambiguity) -> Result<String, NotCanonical> {
    let mut out = String::new();
    write_value(value, ambiguity, &mut out)?;
    Ok(out)
}

fn write_value(value: &Json, ambiguity: Ambiguity, out: &mut String) -> Result<(), NotCanonical> {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(text) => write_number(double(text, ambiguity)?, out),
        Json::String(text) => write_string(text, out),
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(item, ambiguity, out)?;
            }
            out.push(']');
        }
        Json::Object(members) => write_object(members, ambiguity, out)?,
    }
    Ok(())
}

fn write_object(
    members: &[(String, Json)],
    ambiguity: Ambiguity,
    out: &mut String,
) -> Result<(), NotCanonical> {
    let mut sorted: Vec<_> = members.iter().collect();
    // The sort is stable, so of equal names the last one still comes last.
    sorted.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    out.push('{');
    let mut is_first = true;
    for (at, (name, value)) in sorted.iter().enumerate() {
        if sorted.get(at + 1).is_some_and(|(next, _)| next == name) {
            if ambiguity == Ambiguity::Refused {
                return Err(NotCanonical::Name(name.clone()));
            }
            continue;
        }
        if !is_first {
            out.push(',');
        }
        is_first = false;
        write_string(name, out);
        out.push(':');
        write_value(value, ambiguity, out)?;
    }
    out.push('}');
    Ok(())
}

/// Returns the double nearest to a number, where no other whole number has the same one.
fn double(text: &str, ambiguity: Ambiguity) -> Result<f64, NotCanonical> {
    let refused = || NotCanonical::Number(text.to_owned());
    let number: f64 = text.parse().map_err(|_| refused())?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_exact = number.abs() < EXACT_MAX || digits == EXACT_MAX_TEXT;
    let is_taken = match ambiguity {
        Ambiguity::Refused => is_exact,
        Ambiguity::Resolved => number.is_finite(),
    };
    is_taken.then_some(number).ok_or_else(refused)
}

/// Writes a double as ECMAScript does, which is what RFC 8785 asks for.
fn write_number(number: f64, out: &mut String) {
    if number == 0.0 {
        // Both zeros have one text.
        out.push('0');
        return;
    }
    if number < 0.0 {
        out.push('-');
    }
    let (digits, exponent) = shortest(number.abs());
    // Where the point stands, counted from before the first digit.
    let point = 1 + exponent;
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if !(-5..=21).contains(&point) {
        let (first, rest) = digits.split_at(1);
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        let sign = if point > 0 { "+" } else { "-" };
        out.push('e');
        out.push_str(sign);
        out.push_str(&(point - 1).unsigned_abs().to_string());
    } else if point <= 0 {
        out.push_str("0.");
        out.push_str(&zeros(-point));
        out.push_str(&digits);
    } else if count <= point {
        out.push_str(&digits);
        out.push_str(&zeros(point - count));
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        out.push_str(whole);
        out.push('.');
        out.push_str(fraction);
    }
}

/// Returns the fewest digits that read back as this double, and the power of ten of the first.
///
/// Where two such numbers are equally near, std takes the upper one and ECMAScript the even one.
fn shortest(number: f64) -> (String, i32) {
    let (digits, exponent) = digits_of(&format!("{number:e}"));
    let (exact, _) = digits_of(&format!("{number:.EXACT_DIGITS_MAX$e}"));
    let exact = exact.trim_end_matches('0');
    if let Some(lower) = exact.strip_suffix('5')
        && lower.len() == digits.len()
        && lower.ends_with(['0', '2', '4', '6', '8'])
    {
        let (first, rest) = lower.split_at(1);
        if format!("{first}.{rest}e{exponent}").parse() == Ok(number) {
            return (lower.to_owned(), exponent);
        }
    }
    (digits, exponent)
}

/// Takes apart what is written as `d.ddd` times a power of ten.
fn digits_of(text: &str) -> (String, i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let digits = mantissa.chars().filter(char::is_ascii_digit).collect();
    (digits, exponent.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests;

//! Which key is meant.
//!
//! Somebody at a terminal has a label in mind, or copies some digits, and does not type 64 of them. A
//! key is therefore named by all digits, by its label, or by its first digits. What may be read in two
//! ways, be it two labels alike or a label that looks like the digits of another key, is no name: a
//! key that was not meant must not be changed, so all of them are listed instead. All 64 digits always
//! name that key, which need not be listed.

use std::path::Path;

use forebay_checkpoint::Row;
use forebay_core::ResumeKey;

use crate::failure::Failure;
use crate::output::plain;

/// Fewer first digits are no name: what two of them stand for changes with every key that is added.
const FIRST_DIGITS_MIN: usize = 4;
/// So many digits of a key are shown, or more where that does not tell it apart.
const SHOWN_DIGITS_MIN: usize = 12;
const KEY_DIGITS: usize = 64;
const CANDIDATES_MAX: usize = 8;

/// Returns the key that `text` names in `file`.
pub(crate) fn named(text: &str, rows: &[Row], file: &Path) -> Result<Row, Failure> {
    if let Ok(key) = text.parse() {
        let listed = rows.binary_search_by_key(&key, |row| row.key);
        let listed = listed.ok().and_then(|at| rows.get(at)).cloned();
        return Ok(listed.unwrap_or_else(|| Row::new(key, None)));
    }
    let first_digits = text.to_ascii_lowercase();
    let is_digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let may_be_digits = is_digits && text.len() >= FIRST_DIGITS_MIN;
    let is_meant = |row: &&Row| {
        let is_label = row.label.as_deref() == Some(text);
        is_label || (may_be_digits && row.key.to_string().starts_with(&first_digits))
    };
    let meant: Vec<_> = rows.iter().filter(is_meant).collect();
    match meant.as_slice() {
        [row] => Ok((*row).clone()),
        [] if is_digits && !may_be_digits => Err(Failure::no(format!(
            "no key in {} has the label {text}; digits must be {FIRST_DIGITS_MIN} or more",
            file.display()
        ))),
        [] => Err(Failure::no(format!(
            "no key in {} has the label or the first digits {text}; list shows all",
            file.display()
        ))),
        _ => Err(Failure::usage(ambiguous(text, &meant, rows))),
    }
}

fn ambiguous(text: &str, meant: &[&Row], rows: &[Row]) -> String {
    let digits = shown_digits(rows);
    let shown = meant.iter().take(CANDIDATES_MAX);
    let mut candidates: Vec<_> = shown.map(|row| name(row, digits)).collect();
    if let Some(more) = meant.len().checked_sub(CANDIDATES_MAX + 1) {
        candidates.push(format!("and {} more", more + 1));
    }
    format!(
        "{text} stands for {} keys, {}; give more digits",
        meant.len(),
        candidates.join(", ")
    )
}

/// Returns how many digits tell all keys apart.
pub(crate) fn shown_digits(rows: &[Row]) -> usize {
    let neighbours = rows.windows(2).filter_map(|pair| match pair {
        [one, other] => Some(alike(&one.key, &other.key) + 1),
        _ => None,
    });
    let needed = neighbours.max().unwrap_or(0);
    needed.clamp(SHOWN_DIGITS_MIN, KEY_DIGITS)
}

/// Returns how many first digits two keys have in common.
fn alike(one: &ResumeKey, other: &ResumeKey) -> usize {
    let (one, other) = (one.to_string(), other.to_string());
    let pairs = one.bytes().zip(other.bytes());
    pairs.take_while(|(one, other)| one == other).count()
}

/// Returns what a key is called on a terminal.
pub(crate) fn name(row: &Row, digits: usize) -> String {
    let shown = short(&row.key, digits);
    match &row.label {
        Some(label) => format!("{shown} ({})", plain(label)),
        None => shown,
    }
}

pub(crate) fn short(key: &ResumeKey, digits: usize) -> String {
    let mut shown = key.to_string();
    shown.truncate(digits);
    shown
}

//! Keys that are derived from parts.
//!
//! * They are those that other code derives from the same description.
//! * The order of parts, and how JSON is written, do not count.
//! * Other names, contents or kinds of parts give other keys, wherever one ends and the next begins.
//! * What would be ambiguous is refused, and the first thing that is wrong is told.
//! * Keys of older clients are derived as those do it, rounding included.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod json;
mod older;
mod parts;

use forebay_core::ResumeKey;
use serde_json::Value;

/// Keys that other code has derived.
const GOLDEN: &str = include_str!("../golden/keys.json");

/// Returns the vectors of one version.
fn golden(version: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(GOLDEN).unwrap();
    let vectors = vectors[version].as_array().unwrap().clone();
    assert!(vectors.len() > 5, "{version}");
    vectors
}

fn golden_key(vector: &Value) -> ResumeKey {
    vector["key"].as_str().unwrap().parse().unwrap()
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = (0..hex.len()).step_by(2);
    digits
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

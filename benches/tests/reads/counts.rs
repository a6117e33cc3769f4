use serde_json::Value;

use crate::program::rounds;

/// Returns the counts of a strategy's rounds at one point of a report.
pub(crate) fn counts<'a>(report: &'a Value, point: usize, strategy: &str) -> Vec<&'a Value> {
    let rounds = rounds(report, "counted", point, strategy).iter();
    rounds.map(|round| &round["counts"]).collect()
}

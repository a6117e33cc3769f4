//! What a worker has applied, from one start to the next.

use std::collections::BTreeMap;

use forebay_example_follow::applied::{self, Line};
use forebay_example_follow::config::Change;

use crate::stage::Stage;

/// A worker that was killed.
#[derive(Clone, Copy, Debug)]
pub struct Killed {
    /// How many lines its file had.
    pub lines: usize,
    /// What it had committed.
    pub committed: u64,
}

impl Killed {
    /// Looks at what a worker has left.
    pub fn of(stage: &Stage) -> Self {
        Self {
            lines: applied::read(&stage.path("applied.jsonl")).unwrap().len(),
            committed: stage.committed().expect("it has committed where it began"),
        }
    }
}

/// Checks that each start went on right after what was committed before, and left nothing out, and
/// that the last one has come to the end. Returns how many changes were applied twice.
pub fn check(stage: &Stage, killed: &[Killed], acknowledged: &BTreeMap<u64, Change>) -> usize {
    let lines = applied::read(&stage.path("applied.jsonl")).unwrap();
    let ends = killed.iter().map(|killed| killed.lines);
    let mut begin = 0;
    let mut committed = 0;
    let mut again = 0;
    for (start, end) in ends.chain([lines.len()]).enumerate() {
        let run = &lines[begin..end];
        let expected = acknowledged
            .range(committed + 1..)
            .map(|(at, change)| Line {
                at: Some(*at),
                change: change.clone(),
            });
        for (line, expected) in run.iter().zip(expected) {
            assert_eq!(*line, expected, "after {start} kills, from {committed} on");
        }
        let rest = acknowledged.range(committed + 1..).count();
        assert!(run.len() <= rest, "more was applied than was acknowledged");
        if let Some(killed) = killed.get(start) {
            // What was committed was applied, and what followed is what comes twice.
            let reached = run.last().and_then(|line| line.at);
            let reached = reached.unwrap_or(committed);
            let skipped = acknowledged.range(reached + 1..).next();
            assert!(skipped.is_none_or(|(next, _)| *next > killed.committed));
            let twice = acknowledged.range(killed.committed + 1..);
            again += twice.take_while(|(at, _)| **at <= reached).count();
            committed = killed.committed;
        } else {
            assert_eq!(run.len(), rest, "something was not applied");
        }
        begin = end;
    }
    again
}

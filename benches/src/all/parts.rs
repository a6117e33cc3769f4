//! The questions that `all` asks, as values of one table.

use std::ffi::OsString;
use std::path::Path;

/// One question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    /// What is asked, in a few words.
    pub(crate) asked: &'static str,
    /// The subcommand that answers it and its settings: short, so that all questions together take
    /// about two minutes.
    short: &'static str,
    /// The same with so little to do that the figures mean nothing.
    quick: &'static str,
    /// The option that says on which disk, where it matters.
    place: Option<&'static str>,
}

/// Every question, in the order in which a page shows them.
pub(crate) const PARTS: &[Question] = &[
    Question {
        asked: "Many callers, one row",
        short: "reads --workload stampede --clients 1,16,256 --loads 5000",
        quick: "reads --workload stampede --clients 1,16 --loads 64 --repeat 1",
        place: Some("--database"),
    },
    Question {
        asked: "Many rows, one by one",
        short: "reads --workload page --clients 1,16,256 --loads 5000",
        quick: "reads --workload page --clients 1,16 --loads 64 --repeat 1",
        place: Some("--database"),
    },
    Question {
        asked: "Changes to many watchers",
        short: "events --subscribers 1,100,1000 --rate max,100",
        quick: "events --subscribers 1,3 --rate max --events 20 --repeat 1",
        place: None,
    },
    Question {
        asked: "A laggard",
        short: "catchup --keys 100000 --behind 1000,100000",
        quick: "catchup --keys 50 --behind 10,100 --repeat 1",
        place: None,
    },
    Question {
        asked: "Positions that outlast a crash",
        short: "checkpoints --writers 1,256 --keys 1000 --processes 1,2 --updates 0",
        quick: "checkpoints --writers 1,2 --keys 2 --processes 0 --updates 0 --time 5ms \
                --yardstick 1ms --no-trace --repeat 1",
        place: Some("--folder"),
    },
];

impl Question {
    /// Returns the subcommand that answers it.
    pub(crate) fn subcommand(&self) -> &'static str {
        self.short.split(' ').next().unwrap_or_default()
    }

    /// Returns the command line that asks it, as quickly as it can or at the short setting, on the
    /// disk of a folder.
    pub(crate) fn words(&self, quick: bool, folder: Option<&Path>) -> Vec<OsString> {
        let line = if quick { self.quick } else { self.short };
        let words = ["forebay-bench"].into_iter().chain(line.split_whitespace());
        let mut words: Vec<OsString> = words.map(OsString::from).collect();
        if let Some((option, folder)) = self.place.zip(folder) {
            words.extend([option.into(), folder.into()]);
        }
        words
    }
}

/// Returns the name of every subcommand that answers something, each once.
pub(crate) fn subcommands() -> Vec<&'static str> {
    let mut names: Vec<&str> = PARTS.iter().map(Question::subcommand).collect();
    names.dedup();
    names
}

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;

use crate::catchup::log::Past;
use crate::catchup::state::{State, first, value};
use crate::cli::{ChangesArguments, ChangesName};
use crate::failure::Failure;
use crate::reads::workload::Workload;
use crate::report::model::Offered;

/// A report holds no more points than this.
const POINTS_MAX: usize = 256;

/// What every strategy is given: states, changes that were missed, and changes that follow.
#[derive(Debug)]
pub(super) struct Scenario {
    workload: Workload,
    offered: Vec<Offered>,
    value_bytes: usize,
    writes_per_second: f64,
    seed: u64,
    /// What was made for the last point, which the next one may go on from.
    made: RefCell<Option<Made>>,
}

/// The past of one point, with what it makes of bytes.
#[derive(Clone, Debug)]
pub(super) struct Made {
    keys: u64,
    pub(super) past: Past,
    /// What the state at the end of it takes, each item once.
    pub(super) state_bytes: u64,
    /// What the changes that were missed take, each once.
    pub(super) missed_bytes: u64,
}

impl Scenario {
    pub(super) fn new(arguments: &ChangesArguments, seed: u64) -> Result<Self, Failure> {
        let mut offered = Vec::new();
        for &keys in &arguments.keys {
            offered.extend(arguments.behind.iter().map(|&changes| {
                let (keys, changes) = (u64::from(keys), u64::from(changes));
                Offered::Behind { keys, changes }
            }));
        }
        if offered.len() > POINTS_MAX {
            return refuse("at most 256 numbers of keys and of changes can be measured at once");
        }
        let twice = |(index, at): (usize, &Offered)| offered[..index].contains(at);
        if offered.iter().enumerate().any(twice) {
            return refuse("the same number of keys, or of changes, is given twice");
        }
        Ok(Self {
            workload: match arguments.changes {
                ChangesName::Zipf => Workload::Zipf {
                    skew: arguments.skew,
                },
                ChangesName::Uniform => Workload::Uniform,
            },
            offered,
            value_bytes: arguments.value as usize,
            writes_per_second: arguments.writes,
            seed,
            made: RefCell::new(None),
        })
    }

    /// Returns every number of keys with every number of changes, one after the other.
    pub(super) fn offered(&self) -> &[Offered] {
        &self.offered
    }

    /// Returns the seed of a round. It decides what is left to chance on the way; what was missed is
    /// the same in all rounds.
    pub(super) fn seed(&self, round: u32) -> u64 {
        self.seed.wrapping_add(u64::from(round))
    }

    pub(super) fn writes_per_second(&self) -> f64 {
        self.writes_per_second
    }

    /// Returns what happened before the laggard begins, making it where that was not done.
    pub(super) fn past(&self, keys: u64, changes: u64) -> Made {
        let mut kept = self.made.borrow_mut();
        let begun = kept.take().filter(|made| made.keys == keys);
        let made = match begun {
            Some(made) if made.past.missed == changes => made,
            Some(made) if made.past.missed < changes => self.further(made, changes),
            _ => self.further(self.begin(keys), changes),
        };
        kept.insert(made).clone()
    }

    fn begin(&self, keys: u64) -> Made {
        let of_these = |offered: &&Offered| matches!(offered, Offered::Behind { keys: found, .. } if *found == keys);
        let most = self.offered.iter().filter(of_these).map(changes_of).max();
        // A laggard that is slower than the changes come catches up when there are no more of them.
        let changes = most.unwrap_or(0) + keys;
        let before = first(keys as u32, self.value_bytes);
        Made {
            keys,
            state_bytes: 0,
            missed_bytes: 0,
            past: Past {
                keys: self.draw(changes, keys),
                missed: 0,
                value_bytes: self.value_bytes,
                after: before.clone(),
                before,
            },
        }
    }

    fn draw(&self, changes: u64, keys: u64) -> Arc<[u32]> {
        let keys = self
            .workload
            .draw(changes as usize, keys as u32, 1, self.seed);
        keys.into()
    }

    /// Makes more changes, up to so many in all.
    fn further(&self, mut made: Made, changes: u64) -> Made {
        let past = &mut made.past;
        for sequence in past.missed + 1..=changes {
            let key = u64::from(past.keys[sequence as usize - 1]);
            let written = Bytes::from(value(key, sequence, past.value_bytes));
            made.missed_bytes += 1 + item_bytes(key, &written);
            past.after.insert(key, written);
        }
        past.missed = changes;
        made.state_bytes = state_bytes(&past.after);
        made
    }

    /// Describes it in one line, with everything that makes it what it is.
    pub(super) fn describe(&self) -> String {
        let changes = match &self.workload {
            Workload::Zipf { skew } => format!("zipf, skew {skew}"),
            _ => "uniform".to_owned(),
        };
        format!(
            "values of {} bytes, changes {changes}, {} more in a second, seed {}",
            self.value_bytes, self.writes_per_second, self.seed
        )
    }
}

fn changes_of(offered: &Offered) -> u64 {
    match offered {
        Offered::Behind { changes, .. } => *changes,
        _ => 0,
    }
}

/// Returns what a state takes when it is written down, each item once.
fn state_bytes(state: &State) -> u64 {
    state
        .iter()
        .map(|(key, value)| item_bytes(*key, value))
        .sum()
}

fn item_bytes(key: u64, value: &Bytes) -> u64 {
    let varint = |number: u64| u64::from((u64::BITS - number.leading_zeros()).div_ceil(7).max(1));
    varint(key) + varint(value.len() as u64) + value.len() as u64
}

fn refuse<T>(why: &str) -> Result<T, Failure> {
    Err(Failure::Arguments(why.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catchup::log::{Log, decode};

    fn scenario(behind: &[u32]) -> Scenario {
        let arguments = ChangesArguments {
            keys: vec![300],
            behind: behind.to_vec(),
            changes: ChangesName::Zipf,
            skew: 1.0,
            value: 20,
            writes: 0.0,
        };
        Scenario::new(&arguments, 3).unwrap()
    }

    #[test]
    fn a_past_that_goes_on_is_the_one_that_is_made_at_once() {
        let long = scenario(&[10, 500]);
        let short = long.past(300, 10);
        let further = long.past(300, 500);
        let at_once = scenario(&[10, 500]).past(300, 500);
        assert_eq!(further.past.after, at_once.past.after);
        assert_eq!(further.missed_bytes, at_once.missed_bytes);
        assert_eq!(long.past(300, 10).past.after, short.past.after);
        assert_ne!(short.past.after, further.past.after);
    }

    #[test]
    fn bytes_are_those_that_are_sent() {
        let made = scenario(&[500]).past(300, 500);
        let items = made.past.after.iter();
        let written: usize = items
            .map(|item| postcard::to_stdvec(&item).unwrap().len())
            .sum();
        assert_eq!(made.state_bytes, written as u64);
        let all = Log::new(made.past.clone()).read(1, 500);
        assert_eq!(made.missed_bytes, all.bytes.len() as u64);
        let mut state = made.past.before.clone();
        decode(&all)
            .unwrap()
            .into_iter()
            .for_each(|entry| entry.apply(&mut state));
        assert_eq!(state, made.past.after);
    }
}

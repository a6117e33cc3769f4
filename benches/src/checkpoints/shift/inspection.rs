//! What is there once the writers are gone.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use forebay_core::ResumeKey;

use crate::checkpoints::shift::Done;
use crate::checkpoints::store::{self, Fault, Store};

/// What must be there.
#[derive(Debug)]
pub(crate) struct Expected {
    /// How many keys there are.
    pub(crate) keys: u64,
    /// The numbers of keys, with the highest position of each that was acknowledged.
    pub(crate) acknowledged: Vec<(u64, u64)>,
    /// The highest position that anybody has asked for.
    pub(crate) asked: u64,
}

impl Expected {
    /// Returns what processes leave behind that had so many keys together.
    pub(crate) fn of(keys: u64, done: &[Done]) -> Self {
        let acknowledged = done.iter().flat_map(|done| &done.acknowledged);
        Self {
            keys,
            acknowledged: acknowledged.copied().collect(),
            asked: done.iter().map(|done| done.asked).max().unwrap_or(FIRST),
        }
    }
}

/// What opening and loading took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inspected {
    pub(crate) open_ns: u64,
    /// A load of what the store knows, on average.
    pub(crate) load_ns: f64,
    /// A load of what anybody may have stored, on average.
    pub(crate) fresh_ns: f64,
}

/// How many keys are committed in one step while a store is filled.
const FILL: usize = 10_000;

/// How long loads are measured.
const LOADS: Duration = Duration::from_millis(2);

/// The first position of every key.
pub(crate) const FIRST: u64 = 1;

/// Commits the first position of so many keys.
pub(crate) fn fill<S: Store>(path: &Path, keys: u64) -> Result<(), Fault> {
    let store = S::open(path)?;
    let commits: Vec<_> = (0..keys)
        .map(|number| (store::key(number), FIRST))
        .collect();
    for commits in commits.chunks(FILL) {
        store.commit_many(commits)?;
    }
    store.close()
}

/// Opens a store as a process does that was started just now, and checks that all that was
/// acknowledged is there, and nothing that nobody asked for.
pub(crate) fn inspect<S: Store>(path: &Path, expected: &Expected) -> Result<Inspected, Fault> {
    let start = Instant::now();
    let store = S::open(path)?;
    let open_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    for number in 0..expected.keys {
        let found = store.load(&store::key(number))?;
        check(number, found, FIRST, expected.asked)?;
    }
    for &(number, acknowledged) in &expected.acknowledged {
        let found = store.load(&store::key(number))?;
        check(number, found, acknowledged, expected.asked)?;
    }
    let load_ns = average(expected.keys, |key| store.load(key))?;
    let fresh_ns = average(expected.keys, |key| store.load_fresh(key))?;
    store.close()?;
    Ok(Inspected {
        open_ns,
        load_ns,
        fresh_ns,
    })
}

fn check(number: u64, found: Option<u64>, acknowledged: u64, asked: u64) -> Result<(), Fault> {
    match found {
        Some(found) if found > asked => Err(Fault::Invented {
            number,
            found,
            asked,
        }),
        Some(found) if found >= acknowledged => Ok(()),
        _ => Err(Fault::Lost {
            number,
            found,
            acknowledged,
        }),
    }
}

/// Returns how long one load takes, on average over many keys, one here and one there.
fn average(
    keys: u64,
    load: impl Fn(&ResumeKey) -> Result<Option<u64>, Fault>,
) -> Result<f64, Fault> {
    let asked = (0..keys.min(ASKED_MAX)).map(|index| store::key(index * STRIDE % keys));
    let asked: Vec<ResumeKey> = asked.collect();
    let start = Instant::now();
    let mut loads = 0_u64;
    for key in asked.iter().cycle() {
        black_box(load(key)?);
        loads += 1;
        // A look at the clock costs as much as a fast load, and a slow one takes all the time.
        if loads.is_power_of_two() || loads.is_multiple_of(64) {
            let elapsed = start.elapsed();
            if elapsed > LOADS {
                return Ok(elapsed.as_nanos() as f64 / loads as f64);
            }
        }
    }
    Ok(f64::NAN)
}

/// Loads ask for no more keys than this.
const ASKED_MAX: u64 = 8_192;

/// A prime, so that keys come in an order of no use to a cache, and all have their turn.
const STRIDE: u64 = 7_919;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;

    use super::*;

    /// A store that keeps every position at one, whatever was committed.
    struct Stuck(u64);

    impl Store for Stuck {
        fn open(path: &Path) -> Result<Self, Fault> {
            let text = fs::read_to_string(path)?;
            let at = text.parse().map_err(io::Error::other)?;
            Ok(Self(at))
        }

        fn load(&self, _: &ResumeKey) -> Result<Option<u64>, Fault> {
            Ok((self.0 > 0).then_some(self.0))
        }

        fn commit_many(&self, _: &[(ResumeKey, u64)]) -> Result<(), Fault> {
            Ok(())
        }

        fn close(self) -> Result<(), Fault> {
            Ok(())
        }
    }

    /// Looks at a store in which both keys are at this position, after two processes that were told
    /// 6 of the first and 7 of the second, and one of which asked for 9.
    fn look(at: u64) -> Result<Inspected, Fault> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        fs::write(&path, at.to_string()).unwrap();
        let done = [(0, 6, 9), (1, 7, 8)].map(|(key, acknowledged, asked)| Done {
            acknowledged: vec![(key, acknowledged)],
            asked,
            ..Done::default()
        });
        let expected = Expected::of(2, &done);
        inspect::<Stuck>(&path, &expected)
    }

    #[test]
    fn what_was_acknowledged_must_be_there_and_nothing_beyond_what_was_asked_for() {
        assert!(look(7).is_ok() && look(9).is_ok());
        let lost = look(6);
        assert!(
            matches!(
                lost,
                Err(Fault::Lost {
                    number: 1,
                    found: Some(6),
                    acknowledged: 7
                })
            ),
            "{lost:?}"
        );
        let empty = look(0);
        assert!(
            matches!(
                empty,
                Err(Fault::Lost {
                    number: 0,
                    found: None,
                    ..
                })
            ),
            "{empty:?}"
        );
        let invented = look(10);
        assert!(
            matches!(invented, Err(Fault::Invented { asked: 9, .. })),
            "{invented:?}"
        );
    }
}

use std::mem;

/// Which keys of a call that failed to ask for next, by their positions.
///
/// ```text
/// 0 1 2 3 4 5 6 7      failed; 3 is the faulty one
/// 0 1 2 3              fails
/// 0 1                  does not
///     2 3              fails
///     2                does not
///       3              fails, and is found
///         4 5 6 7      and whatever else is left, all at once
/// ```
///
/// Of what is left, any half may hold a second fault. But if there is none, as is likely, one call
/// does for all of it.
pub(crate) struct Halving {
    /// Halves that were not asked for yet, the next one last.
    halves: Vec<Vec<usize>>,
    /// Whether a fault was found, so that the others may be in order.
    is_found: bool,
    rest: Rest,
}

/// What is left once the first fault was found.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Rest {
    NotAsked,
    BeingAsked,
    Asked,
}

impl Halving {
    /// Begins with the positions that have failed together.
    pub(crate) fn new(failed: Vec<usize>) -> Self {
        let mut halving = Self {
            halves: Vec::new(),
            is_found: false,
            rest: Rest::NotAsked,
        };
        halving.halve(failed);
        halving
    }

    /// What to ask for next, in order; nothing when all were found.
    pub(crate) fn next(&mut self) -> Vec<usize> {
        if self.is_found && self.rest == Rest::NotAsked && self.halves.len() > 1 {
            self.rest = Rest::BeingAsked;
            let mut rest = self.halves.concat();
            rest.sort_unstable();
            return rest;
        }
        self.halves.pop().unwrap_or_default()
    }

    /// Goes on after what was asked for last failed without an answer for the positions `open`, or
    /// did not fail if there are none.
    pub(crate) fn ended(&mut self, open: Vec<usize>) {
        self.is_found |= open.len() == 1;
        if self.rest == Rest::BeingAsked {
            self.rest = Rest::Asked;
            let halves = mem::take(&mut self.halves).into_iter();
            // One that is alone has its error.
            let is_open = |position: &usize| open.len() > 1 && open.binary_search(position).is_ok();
            let open = halves.map(|half| half.into_iter().filter(is_open).collect());
            self.halves = open.filter(|half: &Vec<_>| !half.is_empty()).collect();
        } else {
            self.halve(open);
        }
    }

    fn halve(&mut self, mut failed: Vec<usize>) {
        if failed.len() > 1 {
            let second = failed.split_off(failed.len().div_ceil(2));
            self.halves.push(second);
            self.halves.push(failed);
        }
    }
}

/// Asks until all is found; returns how many calls that took, and the positions of the faults.
#[cfg(test)]
fn play(count: usize, faults: &[usize]) -> (usize, Vec<usize>) {
    let mut halving = Halving::new((0..count).collect());
    let (mut calls, mut found) = (0, Vec::new());
    loop {
        let asked = halving.next();
        if asked.is_empty() {
            found.sort_unstable();
            return (calls, found);
        }
        assert!(asked.is_sorted());
        calls += 1;
        let fails = asked.iter().any(|position| faults.contains(position));
        if fails && asked.len() == 1 {
            found.extend(&asked);
        }
        halving.ended(if fails { asked } else { Vec::new() });
    }
}

#[test]
fn one_fault_costs_twice_the_logarithm_and_one() {
    for count in 2..=300 {
        let calls_max = (2.0 * (count as f64).log2() + 1.0).floor() as usize;
        for fault in 0..count {
            let (calls, found) = play(count, &[fault]);
            assert_eq!(found, [fault]);
            assert!(calls <= calls_max, "{fault} of {count}: {calls}");
        }
    }
}

#[test]
fn all_faults_are_found_for_no_more_than_halving_everything_costs() {
    for pattern in 0..1 << 12_u32 {
        let faults: Vec<_> = (0..12)
            .filter(|fault| pattern & (1 << fault) != 0)
            .collect();
        let (calls, found) = play(12, &faults);
        assert_eq!(found, faults);
        assert!(calls < 2 * 12, "{faults:?}: {calls}");
    }
}

#[test]
fn nothing_is_asked_for_twice_that_has_an_answer() {
    let mut halving = Halving::new((0..8).collect());
    assert_eq!(halving.next(), [0, 1, 2, 3]);
    halving.ended(vec![0, 1, 2, 3]);
    assert_eq!(halving.next(), [0, 1]);
    halving.ended(vec![1]);
    assert_eq!(halving.next(), [2, 3, 4, 5, 6, 7]);
    // Half of it was answered before it failed.
    halving.ended(vec![3, 6, 7]);
    assert_eq!(halving.next(), [3]);
    halving.ended(Vec::new());
    assert_eq!(halving.next(), [6, 7]);
    halving.ended(Vec::new());
    assert_eq!(halving.next(), [0; 0]);
}

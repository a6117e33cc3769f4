//! Compact cumulative distributions.
//!
//! A histogram of a long run has thousands of buckets, and a chart a few hundred pixels. A report
//! keeps one step for every two percent up to 90 %, and nine for each nine of the tail, because the
//! tail is where strategies differ.

use crate::report::model::CdfStep;

/// Returns the steps of a distribution at the quantiles that a report keeps.
///
/// `buckets` are `(latency in ns, operations that took that long)` with rising latencies, as a histogram
/// yields them. The last step always holds every operation; without one there is no step.
///
/// # Examples
///
/// ```
/// use forebay_bench::report::cdf::thin;
///
/// let steps = thin([(100, 9), (200, 1)]);
/// assert_eq!((steps[0].ns, steps[0].count), (100, 9));
/// assert_eq!((steps[1].ns, steps[1].count), (200, 10));
/// ```
#[must_use]
pub fn thin(buckets: impl IntoIterator<Item = (u64, u64)>) -> Vec<CdfStep> {
    let mut steps = accumulate(buckets);
    let Some(total) = steps.last().map(|last| last.count) else {
        return steps;
    };
    let mut kept = 0;
    let mut from = 0;
    for quantile in quantiles() {
        let wanted = (u128::from(total) * u128::from(quantile)).div_ceil(u128::from(WHOLE));
        let ahead = steps[from..].partition_point(|step| u128::from(step.count) < wanted);
        let at = (from + ahead).min(steps.len() - 1);
        // Several quantiles may fall into one bucket, which is one step.
        if kept == 0 || steps[kept - 1].ns != steps[at].ns {
            steps[kept] = steps[at];
            kept += 1;
        }
        from = at;
    }
    steps.truncate(kept);
    steps
}

/// The unit of a quantile: integers, so that the same histogram gives the same steps everywhere.
const WHOLE: u32 = 1_000_000;

/// Returns the kept quantiles in rising order: the smallest, each percent, finer in the tail, all.
fn quantiles() -> impl Iterator<Item = u32> {
    let tail = [10_000, 1_000, 100, 10].into_iter().flat_map(|width| {
        let from = WHOLE - 10 * width;
        (1..=9).map(move |step| from + step * width)
    });
    std::iter::once(1)
        .chain((1..=45).map(|step| step * 20_000))
        .chain(tail)
        .chain([WHOLE])
}

/// Sums the buckets up, leaving out those that hold nothing or do not rise.
fn accumulate(buckets: impl IntoIterator<Item = (u64, u64)>) -> Vec<CdfStep> {
    let mut steps: Vec<CdfStep> = Vec::new();
    let mut total = 0_u64;
    for (ns, count) in buckets {
        if count == 0 {
            continue;
        }
        total = total.saturating_add(count);
        match steps.last_mut() {
            Some(last) if last.ns >= ns => last.count = total,
            _ => steps.push(CdfStep { ns, count: total }),
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_buckets_are_kept_as_they_are() {
        let steps = thin((1..=50).map(|ns| (ns, 1)));
        assert_eq!(steps.len(), 50);
        assert_eq!(steps[49], CdfStep { ns: 50, count: 50 });
    }

    #[test]
    fn many_buckets_keep_both_ends_and_the_tail() {
        let steps = thin((1..=1_000_000).map(|ns| (ns, 1)));
        assert!(steps.len() <= quantiles().count());
        assert_eq!(steps[0], CdfStep { ns: 1, count: 1 });
        assert!(steps.contains(&CdfStep {
            ns: 999_000,
            count: 999_000
        }));
        assert!(steps.contains(&CdfStep {
            ns: 999_980,
            count: 999_980
        }));
        assert_eq!(
            steps.last(),
            Some(&CdfStep {
                ns: 1_000_000,
                count: 1_000_000
            })
        );
    }

    #[test]
    fn nothing_has_no_step() {
        assert!(thin([]).is_empty());
        assert!(thin([(5, 0)]).is_empty());
    }

    #[test]
    fn steps_always_rise() {
        let steps = thin([(5, 1), (5, 1), (4, 1), (9, 1)]);
        assert_eq!(
            steps,
            [CdfStep { ns: 5, count: 3 }, CdfStep { ns: 9, count: 4 }]
        );
    }
}

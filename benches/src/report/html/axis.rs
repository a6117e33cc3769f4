//! Where a figure lies between the two ends of a chart.

use crate::report::quantity::Quantity;

/// One direction of a chart: how figures become a share of its length, and which are marked.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    /// The marked figures with their labels.
    pub(super) ticks: Vec<(f64, String)>,
}

/// How a figure is spread out before it is placed.
#[derive(Clone, Copy, Debug)]
enum Scale {
    Linear,
    /// Equal ratios are equally far apart.
    Log,
    /// Shares of one: every further nine (90 %, 99 %, ...) is about equally far from the last, and
    /// the lower half keeps room of its own.
    Nines,
}

impl Axis {
    /// Creates an axis from 0 to a round figure above the largest one.
    pub(super) fn linear(most: f64, quantity: Quantity) -> Self {
        let most = if most.is_finite() && most > 0.0 {
            most
        } else {
            1.0
        };
        let base = if quantity == Quantity::Bytes {
            2.0_f64
        } else {
            10.0
        };
        let step = round_step(most / 4.0, base);
        let steps = (most / step).ceil().clamp(1.0, 10.0);
        let ticks = (0..=steps as u32).map(|index| f64::from(index) * step);
        let ticks = ticks.map(|tick| (tick, quantity.mark(tick))).collect();
        Self {
            scale: Scale::Linear,
            low: 0.0,
            high: step * steps,
            ticks,
        }
    }

    /// Creates the axis of a share, from 0 to 100 %.
    pub(super) fn share() -> Self {
        let ticks = [0, 25, 50, 75, 100]
            .map(|percent: u8| (f64::from(percent) / 100.0, format!("{percent} %")));
        Self {
            scale: Scale::Linear,
            low: 0.0,
            high: 1.0,
            ticks: ticks.into(),
        }
    }

    /// Creates a logarithmic axis around all figures. Figures of 0 are placed at its lower end,
    /// which is marked so.
    pub(super) fn log(figures: impl IntoIterator<Item = f64>, quantity: Quantity) -> Self {
        let (mut least, mut most, mut zero) = (f64::INFINITY, 0.0_f64, false);
        for figure in figures {
            zero |= figure <= 0.0;
            if figure > 0.0 {
                least = least.min(figure);
                most = most.max(figure);
            }
        }
        let (least, most) = if most > 0.0 {
            (least, most)
        } else {
            (1.0, 1.0)
        };
        let mut first = floor_decade(least.log10());
        let last = (most.log10() - 1e-9).ceil().max(first + 1.0);
        first -= f64::from(u8::from(zero));
        let mut ticks = decades(first, last, quantity);
        if let (true, Some(tick)) = (zero, ticks.first_mut()) {
            tick.1 = "0".to_owned();
        }
        Self {
            scale: Scale::Log,
            low: 10_f64.powf(first),
            high: 10_f64.powf(last),
            ticks,
        }
    }

    /// Creates a logarithmic axis that marks exactly the given figures.
    pub(super) fn log_at(figures: &[f64], quantity: Quantity) -> Self {
        let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
        let most = figures.iter().copied().fold(0.0, f64::max);
        let ticks = figures
            .iter()
            .map(|&figure| (figure, quantity.mark(figure)))
            .collect();
        Self {
            scale: Scale::Log,
            low: least,
            high: most,
            ticks,
        }
    }

    /// Creates the axis of a share whose upper end is stretched, up to the last mark that ten of
    /// so many things lie beyond.
    pub(super) fn nines(things: u64) -> Self {
        let marks = [
            (0.0, "0 %"),
            (0.5, "50 %"),
            (0.9, "90 %"),
            (0.99, "99 %"),
            (0.999, "99.9 %"),
            (0.9999, "99.99 %"),
        ];
        let nines = things.checked_ilog10().unwrap_or(0).clamp(3, 5) as usize - 1;
        let marks = &marks[..nines + 2];
        let ticks = marks
            .iter()
            .map(|&(share, label)| (share, label.to_owned()))
            .collect();
        Self {
            scale: Scale::Nines,
            low: 0.0,
            high: marks[nines + 1].0,
            ticks,
        }
    }

    /// Returns how far along the axis a figure lies, from 0 to 1. What lies outside is moved to
    /// the nearer end.
    pub(super) fn place(&self, figure: f64) -> f64 {
        let spread = |figure: f64| match self.scale {
            Scale::Linear => figure,
            Scale::Log => figure.log10(),
            Scale::Nines => figure - (1.0 - figure).log10(),
        };
        let (low, high) = (spread(self.low), spread(self.high));
        let share = (spread(figure.clamp(self.low, self.high)) - low) / (high - low);
        // Both ends are the same where there is only one figure.
        if share.is_finite() { share } else { 0.5 }
    }
}

/// Returns a step of 1, 2 or 5 times a power of ten, or a power of two, that is at least `least`.
fn round_step(least: f64, base: f64) -> f64 {
    let power = base.powf(least.log(base).floor());
    let factors: &[f64] = if base == 10.0 {
        &[1.0, 2.0, 5.0, 10.0]
    } else {
        &[1.0, 2.0]
    };
    let fits = factors
        .iter()
        .map(|factor| factor * power)
        .find(|step| *step >= least * 0.999_999);
    fits.unwrap_or(power * base)
}

/// Returns the exponent of the decade that a logarithm lies in.
fn floor_decade(log: f64) -> f64 {
    (log + 1e-9).floor()
}

/// Returns marks from one power of ten to another, finer where there are few, sparser where many.
fn decades(first: f64, last: f64, quantity: Quantity) -> Vec<(f64, String)> {
    let count = (last - first).round() as usize;
    let factors: &[f64] = if count <= 2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let every = count / 10 + 1;
    let mut ticks = Vec::new();
    for index in 0..=count {
        let power = 10_f64.powf(first + index as f64);
        let inner = if index == count { &[1.0] } else { factors };
        for factor in inner.iter().filter(|_| index % every == 0) {
            ticks.push((power * factor, quantity.mark(power * factor)));
        }
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn linear_ticks_are_round_and_reach_the_largest_figure() {
        let axis = Axis::linear(73_000.0, Quantity::PerSecond);
        assert_eq!(labels(&axis), ["0", "20 k", "40 k", "60 k", "80 k"]);
        let axis = Axis::linear(3.5 * 1024.0 * 1024.0, Quantity::Bytes);
        assert_eq!(labels(&axis), ["0 B", "1 MiB", "2 MiB", "3 MiB", "4 MiB"]);
    }

    #[test]
    fn logarithmic_ticks_are_finer_over_few_decades() {
        let axis = Axis::log([1_500.0, 9_000.0], Quantity::Nanoseconds);
        assert_eq!(labels(&axis), ["1 µs", "2 µs", "5 µs", "10 µs"]);
        let axis = Axis::log([1e3, 1e7], Quantity::Nanoseconds);
        assert_eq!(labels(&axis), ["1 µs", "10 µs", "100 µs", "1 ms", "10 ms"]);
    }

    #[test]
    fn zero_has_a_place_on_a_logarithmic_axis() {
        let axis = Axis::log([0.0, 2e6, 5e7], Quantity::Nanoseconds);
        assert_eq!(labels(&axis)[0], "0");
        assert_eq!(axis.place(0.0), 0.0);
        assert!(axis.place(2e6) > 0.3);
    }

    #[test]
    fn every_further_nine_has_about_the_same_room() {
        let axis = Axis::nines(10_000);
        let places: Vec<f64> = axis.ticks.iter().map(|tick| axis.place(tick.0)).collect();
        assert_eq!(labels(&axis), ["0 %", "50 %", "90 %", "99 %", "99.9 %"]);
        assert!(
            places
                .windows(2)
                .all(|pair| (0.15..0.35).contains(&(pair[1] - pair[0])))
        );
        assert_eq!(axis.place(1.0), 1.0);
    }

    #[test]
    fn no_figure_leaves_the_chart() {
        let axes = [
            Axis::linear(f64::NAN, Quantity::Bytes),
            Axis::linear(0.0, Quantity::Count),
            Axis::linear(u64::MAX as f64, Quantity::Bytes),
            Axis::linear(f64::MIN_POSITIVE, Quantity::Plain),
            Axis::log([], Quantity::Nanoseconds),
            Axis::log([0.0], Quantity::Nanoseconds),
            Axis::log([u64::MAX as f64, 1.0], Quantity::Nanoseconds),
            Axis::log([1e300, 1e-300], Quantity::Plain),
            Axis::log_at(&[64.0], Quantity::Count),
            Axis::nines(0),
        ];
        for axis in &axes {
            assert!(!axis.ticks.is_empty() && axis.ticks.len() < 30, "{axis:?}");
            for figure in [0.0, 1.0, 64.0, u64::MAX as f64, 1e300] {
                assert!((0.0..=1.0).contains(&axis.place(figure)), "{axis:?}");
            }
        }
    }
}

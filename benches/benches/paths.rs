//! What does the read path cost with all of its layers, beside the sum of each layer alone?
//!
//! Everything is polled by hand on one thread, before a backend that costs nothing. What a call
//! costs without any layer is taken from every figure first: it is the callers' own, and the sum
//! would have it twice. The four take turns, so that what slows the machine down for a while slows
//! all of them. A ratio is that of one turn of each; its middle is printed, and between which two half
//! of them are: a turn in which the machine did something else is far off.
#![allow(clippy::print_stdout, reason = "a bench says what it found")]

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group};
use forebay_bench::reads::layers::{Layer, Layers};
use forebay_bench::report::spread::Spread;

/// The read path with all layers on may cost so many times the sum of the layers.
const GOAL: f64 = 1.3;

/// How many times each of the four has its turn.
const TURNS: usize = 401;

/// How long a turn takes, about.
const TURN_NS: f64 = 2.5e5;

/// What is asked for at once.
struct Shape {
    name: &'static str,
    keys: Vec<u64>,
}

fn shapes() -> [Shape; 4] {
    let shape = |name, keys| Shape { name, keys };
    [
        shape("one caller", vec![7]),
        shape("64 callers, 64 keys", (0..64).collect()),
        shape("1,024 callers, 1,024 keys", (0..1_024).collect()),
        shape("1,024 callers, one key", vec![7; 1_024]),
    ]
}

/// Makes the calls of a shape once.
fn call(layers: &Layers, layer: Layer, shape: &Shape) -> u64 {
    match shape.keys.as_slice() {
        [key] => layers.alone(layer, black_box(*key)),
        keys => layers.together(layer, black_box(keys)),
    }
}

fn paths(criterion: &mut Criterion) {
    let layers = Layers::new();
    for shape in shapes() {
        let mut benches = criterion.benchmark_group(shape.name);
        benches.throughput(Throughput::Elements(shape.keys.len() as u64));
        let sum = shape.keys.iter().map(|key| key + 1).sum::<u64>();
        for layer in Layer::ALL {
            // Nobody is quick by finding nothing.
            assert_eq!(call(&layers, layer, &shape), sum, "{layer:?}");
            benches.bench_function(format!("{layer:?}"), |bencher| {
                bencher.iter(|| call(&layers, layer, &shape));
            });
        }
        benches.finish();
    }
}

/// Prints what each layer costs, and the ratio.
fn ratios(turns: usize) {
    println!(
        "{:28} {:>8} {:>12} {:>8} {:>8}   both by sum of layers, goal at most {GOAL:.2}",
        "nanoseconds for each call", "none", "singleflight", "batch", "both"
    );
    let layers = Layers::new();
    for shape in shapes() {
        let mut costs: Vec<[f64; 4]> = Vec::new();
        // The first one finds out how long a turn has to be.
        let once = measured(&layers, &shape, 1)[3] * shape.keys.len() as f64;
        let times = (TURN_NS / once).ceil().max(1.0) as u32;
        for _ in 0..turns {
            costs.push(measured(&layers, &shape, times));
        }
        let median = |index: usize| {
            let spread = Spread::of(costs.iter().map(|cost| cost[index]));
            spread.map_or(f64::NAN, |spread| spread.median)
        };
        let ratio =
            middle(costs.iter().map(|[none, single, batch, both]| {
                (both - none) / ((single - none) + (batch - none))
            }));
        println!(
            "{:28} {:8.1} {:12.1} {:8.1} {:8.1}   {}",
            shape.name,
            median(0),
            median(1),
            median(2),
            median(3),
            ratio.map_or_else(String::new, |ratio| ratio.show_ratio())
        );
    }
}

/// Returns the middle of some ratios, and between which two half of them are.
fn middle(ratios: impl Iterator<Item = f64>) -> Option<Spread> {
    let mut ratios: Vec<f64> = ratios.collect();
    ratios.sort_by(f64::total_cmp);
    let quarter = ratios.len() / 4;
    Spread::of(ratios[quarter..ratios.len() - quarter].iter().copied())
}

/// Returns what a call costs through each layer, in nanoseconds, each having had its turn.
fn measured(layers: &Layers, shape: &Shape, times: u32) -> [f64; 4] {
    Layer::ALL.map(|layer| {
        let start = Instant::now();
        for _ in 0..times {
            black_box(call(layers, layer, shape));
        }
        start.elapsed().as_nanos() as f64 / (f64::from(times) * shape.keys.len() as f64)
    })
}

criterion_group!(benches, paths);

fn main() {
    let tested = std::env::args().any(|argument| argument == "--test");
    ratios(if tested { 1 } else { TURNS });
    benches();
    Criterion::default().configure_from_args().final_summary();
}

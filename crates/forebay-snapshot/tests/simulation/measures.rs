use std::time::Duration;

use forebay_snapshot::SliceSnapshot;

use crate::wire::{Server, Wire};

/// What one provider can send in a second.
const BYTES_PER_SECOND: u64 = 10_000_000;

type Numbers = SliceSnapshot<u64>;

fn numbers(count: u64) -> Numbers {
    let number = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Numbers::from((0..count).map(number).collect::<Vec<_>>())
}

/// How long it would take if everybody sent all the time and nothing twice.
fn ideal(bytes: u64, bytes_per_second: u64) -> Duration {
    Duration::from_nanos(bytes * 1_000_000_000 / bytes_per_second)
}

fn ratio(actual: u64, ideal: u64) -> f64 {
    actual as f64 / ideal as f64
}

#[test]
fn three_equal_providers_take_a_third_of_the_time_and_send_nothing_twice() {
    let state = numbers(600_000);
    let servers = (0..3).map(|_| Server::new(state.clone(), BYTES_PER_SECOND));
    let mut wire = Wire::new(servers.collect());
    wire.run();
    let bytes = wire.snapshot_bytes();
    let ideal = ideal(bytes, 3 * BYTES_PER_SECOND);
    let time = ratio(wire.now.as_nanos() as u64, ideal.as_nanos() as u64);
    let sent = ratio(wire.bytes_sent, bytes);
    println!("three equal providers: {time:.3} of the ideal time, {sent:.4} of the bytes");
    assert!(time <= 1.1, "{time}");
    assert!(sent <= 1.02, "{sent}");
}

#[test]
fn a_provider_that_is_ten_times_slower_does_not_hold_the_others_up() {
    let state = numbers(600_000);
    let rates = [BYTES_PER_SECOND, BYTES_PER_SECOND / 10, BYTES_PER_SECOND];
    let mut wire = Wire::new(rates.map(|rate| Server::new(state.clone(), rate)).into());
    wire.run();
    let ideal = ideal(wire.snapshot_bytes(), rates.iter().sum());
    let time = ratio(wire.now.as_nanos() as u64, ideal.as_nanos() as u64);
    println!("one of three ten times slower: {time:.3} of the ideal time");
    assert!(time <= 1.15, "{time}");
}

#[test]
fn a_provider_that_is_killed_near_the_end_costs_little_more_than_what_was_under_way() {
    let state = numbers(600_000);
    let mut wire = Wire::new(vec![Server::new(state.clone(), BYTES_PER_SECOND)]);
    wire.run_to(90);
    wire.replace(0, Server::new(state, BYTES_PER_SECOND));
    wire.run();
    let again = ratio(wire.bytes_sent, wire.snapshot_bytes()) - 1.0;
    println!(
        "the only provider killed at 90 %: {:.2} % fetched again",
        100.0 * again
    );
    assert!(again <= 0.12, "{again}");
}

#[cfg(feature = "imbl")]
#[test]
fn a_later_anchor_with_few_changes_keeps_most_of_the_chunks() {
    use forebay_snapshot::OrdSnapshot;
    use imbl::OrdMap;

    let mut random = crate::random::Random::new(1);
    let pair = |key| (key * 1_000, crate::random::Random::new(key).next());
    let before: OrdMap<u64, u64> = (0..600_000_u64).map(pair).collect();
    let mut after = before.clone();
    for _ in 0..before.len() / 10_000 {
        let key = random.below(before.len() as u64) * 1_000;
        after.insert(key, random.next());
    }
    let server = |map| Server::new(OrdSnapshot::from(map), BYTES_PER_SECOND);
    let mut wire = Wire::new(vec![server(before)]);
    wire.run_to(95);
    let had = wire.session.usage().spool_bytes;
    wire.replace(0, server(after));
    wire.run();
    let kept = ratio(wire.session.usage().reused_bytes, had);
    println!(
        "an anchor with 0.01 % of the values changed: {:.1} % of the chunks kept",
        100.0 * kept
    );
    assert!(kept >= 0.9, "{kept}");
}

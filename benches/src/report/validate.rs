//! What a report may hold.
//!
//! The same rules hold for a report that is about to be written and for one that was read, so
//! that what this program writes it can read, and so that every output format may rely on them.

use crate::report::error::ReportError;
use crate::report::model::{
    Audience, Body, CatchupRound, CdfStep, CheckpointsRound, EventsRound, Header, Offered, Part,
    Point, ReadsRound, Report, StrategyRounds, Timing,
};

/// The most bytes that any single text of a report may have.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// The most warnings, and the most settings.
const NOTES_MAX: usize = 1_000;
/// The most parts.
const PARTS_MAX: usize = 64;
/// The most points.
const POINTS_MAX: usize = 256;
/// The most strategies at one point.
const STRATEGIES_MAX: usize = 64;
/// The most rounds of one strategy at one point.
const ROUNDS_MAX: usize = 1_000;
/// The most peers of one round.
const PEERS_MAX: usize = 64;
/// The most processes of one round.
const PROCESSES_MAX: usize = 64;
/// The most steps of one distribution.
const CDF_STEPS_MAX: usize = 512;

impl Report {
    /// Checks that the report holds only what a report may hold: bounded lists and texts, finite
    /// numbers, ordered percentiles, rising distributions, and one entry per strategy and point.
    ///
    /// # Errors
    ///
    /// [`ReportError::Invalid`] names the first place that breaks a rule.
    pub fn validate(&self) -> Result<(), ReportError> {
        header(&self.header)?;
        match &self.body {
            Body::Reads(reads) => {
                text("backend", &reads.backend)?;
                text("workload", &reads.workload)?;
                points(&reads.points, reads_offered, reads_round)
            }
            Body::Events(events) => {
                text("workload", &events.workload)?;
                points(&events.points, events_offered, events_round)
            }
            Body::Catchup(catchup) => {
                text("network", &catchup.network)?;
                text("workload", &catchup.workload)?;
                points(&catchup.points, behind_offered, catchup_round)
            }
            Body::Checkpoints(checkpoints) => {
                text("workload", &checkpoints.workload)?;
                points(&checkpoints.points, commits_offered, commits_round)
            }
            Body::All(all) => parts(&all.parts),
        }
    }
}

/// Each part is a report on one question, or says why there is none.
fn parts(parts: &[Part]) -> Result<(), ReportError> {
    list("parts", parts.len(), PARTS_MAX, "at most 64 parts")?;
    for part in parts {
        text("parts", &part.question)?;
        text("parts", &part.command)?;
        match &part.result {
            Ok(report) if matches!(report.body, Body::All(_)) => {
                return invalid("parts".to_owned(), "parts that are one question each");
            }
            Ok(report) => report.validate()?,
            Err(failure) => text("parts", failure)?,
        }
    }
    Ok(())
}

fn header(header: &Header) -> Result<(), ReportError> {
    text("header.command", &header.command)?;
    text("header.commit", &header.commit)?;
    text("header.toolchain", &header.toolchain)?;
    text("header.started_at", &header.started_at)?;
    text("header.machine.cpu", &header.machine.cpu)?;
    text("header.machine.os", &header.machine.os)?;
    list(
        "header.warnings",
        header.warnings.len(),
        NOTES_MAX,
        "at most 1000 warnings",
    )?;
    list(
        "header.settings",
        header.settings.len(),
        NOTES_MAX,
        "at most 1000 settings",
    )?;
    for warning in &header.warnings {
        text("header.warnings", warning)?;
    }
    for setting in &header.settings {
        text("header.settings", &setting.name)?;
        text("header.settings", &setting.value)?;
    }
    Ok(())
}

/// What checks a part of a report, which is at this place.
type Check<T> = fn(&str, &T) -> Result<(), ReportError>;

fn points<R>(
    points: &[Point<R>],
    offered: Check<Offered>,
    round: Check<R>,
) -> Result<(), ReportError> {
    list("points", points.len(), POINTS_MAX, "at most 256 points")?;
    for (index, at) in points.iter().enumerate() {
        let place = format!("points[{index}]");
        let mut earlier = points[..index].iter();
        if earlier.any(|earlier| earlier.offered == at.offered) {
            return invalid(format!("{place}.offered"), "each offered load once");
        }
        offered(&format!("{place}.offered"), &at.offered)?;
        point(&place, at, round)?;
    }
    Ok(())
}

fn reads_offered(place: &str, offered: &Offered) -> Result<(), ReportError> {
    match offered {
        Offered::Clients(0) => invalid(format!("{place}.clients"), "at least 1 client"),
        Offered::PerSecond(factor) | Offered::Speed(factor) => positive(place, *factor),
        Offered::Clients(_) => Ok(()),
        Offered::Subscribers { .. } | Offered::Behind { .. } | Offered::Commits { .. } => {
            invalid(place.to_owned(), "clients or a rate")
        }
    }
}

fn events_offered(place: &str, offered: &Offered) -> Result<(), ReportError> {
    match offered {
        Offered::Subscribers { count: 0, .. } => invalid(place.to_owned(), "at least 1 subscriber"),
        Offered::Subscribers { per_second, .. } => {
            per_second.map_or(Ok(()), |rate| positive(place, rate))
        }
        _ => invalid(place.to_owned(), "a number of subscribers"),
    }
}

fn behind_offered(place: &str, offered: &Offered) -> Result<(), ReportError> {
    match offered {
        Offered::Behind { keys, changes } if *keys > 0 && *changes > 0 => Ok(()),
        _ => invalid(place.to_owned(), "keys and changes, at least 1 of each"),
    }
}

fn commits_offered(place: &str, offered: &Offered) -> Result<(), ReportError> {
    match offered {
        Offered::Commits {
            writers,
            keys,
            processes,
            updates,
        } if [*writers, *keys, *processes, updates.unwrap_or(1)].contains(&0) => {
            invalid(place.to_owned(), "at least 1 of each")
        }
        Offered::Commits { .. } => Ok(()),
        _ => invalid(place.to_owned(), "writers, keys and processes"),
    }
}

fn positive(place: &str, factor: f64) -> Result<(), ReportError> {
    if factor.is_finite() && factor > 0.0 {
        return Ok(());
    }
    invalid(place.to_owned(), "a finite number above 0")
}

fn point<R>(place: &str, point: &Point<R>, round: Check<R>) -> Result<(), ReportError> {
    let strategies = &point.strategies;
    list(
        place,
        strategies.len(),
        STRATEGIES_MAX,
        "at most 64 strategies",
    )?;
    for (index, found) in strategies.iter().enumerate() {
        let place = format!("{place}.strategies[{index}]");
        if strategies[..index]
            .iter()
            .any(|earlier| earlier.name == found.name)
        {
            return invalid(format!("{place}.name"), "each strategy once");
        }
        strategy(&place, found, round)?;
    }
    Ok(())
}

fn strategy<R>(
    place: &str,
    strategy: &StrategyRounds<R>,
    round: Check<R>,
) -> Result<(), ReportError> {
    text(&format!("{place}.name"), &strategy.name)?;
    if strategy.name.trim().is_empty() {
        return invalid(format!("{place}.name"), "a name");
    }
    list(
        place,
        strategy.rounds.len(),
        ROUNDS_MAX,
        "at most 1000 rounds",
    )?;
    for (index, found) in strategy.rounds.iter().enumerate() {
        round(&format!("{place}.rounds[{index}]"), found)?;
    }
    Ok(())
}

fn reads_round(place: &str, round: &ReadsRound) -> Result<(), ReportError> {
    if round.counts.errors > round.counts.loads {
        return invalid(format!("{place}.errors"), "no more errors than loads");
    }
    if round.counts.wrong_answers > round.counts.loads {
        return invalid(
            format!("{place}.wrong_answers"),
            "no more wrong answers than loads",
        );
    }
    timing(&format!("{place}.timing"), &round.timing)
}

fn events_round(place: &str, round: &EventsRound) -> Result<(), ReportError> {
    let (counts, figures) = (&round.counts, &round.figures);
    audience(&format!("{place}.fast"), &counts.fast)?;
    audience(&format!("{place}.slow"), &counts.slow)?;
    timing(&format!("{place}.publish"), &figures.publish)?;
    for (name, found) in [("fast", &figures.fast), ("slow", &figures.slow)] {
        if let Some(found) = found {
            timing(&format!("{place}.{name}"), found)?;
        }
    }
    Ok(())
}

fn catchup_round(place: &str, round: &CatchupRound) -> Result<(), ReportError> {
    list(
        &format!("{place}.sent_bytes"),
        round.counts.sent_bytes.len(),
        PEERS_MAX,
        "at most 64 peers",
    )
}

fn commits_round(place: &str, round: &CheckpointsRound) -> Result<(), ReportError> {
    let figures = &round.figures;
    let rates = [
        figures.yardstick_before,
        figures.yardstick_after,
        figures.load_ns,
        figures.fresh_ns,
    ];
    if !rates.iter().all(|rate| rate.is_finite() && *rate >= 0.0) {
        return invalid(place.to_owned(), "finite figures that are not negative");
    }
    list(
        &format!("{place}.processes"),
        figures.processes.len(),
        PROCESSES_MAX,
        "at most 64 processes",
    )?;
    timing(&format!("{place}.commit"), &figures.commit)
}

fn audience(place: &str, audience: &Audience) -> Result<(), ReportError> {
    if audience.announced > audience.lost {
        return invalid(
            format!("{place}.announced"),
            "no more announced losses than losses",
        );
    }
    if audience.wrong > audience.delivered {
        return invalid(
            format!("{place}.wrong"),
            "no more wrong deliveries than deliveries",
        );
    }
    Ok(())
}

fn timing(place: &str, timing: &Timing) -> Result<(), ReportError> {
    if ![timing.p50_ns, timing.p99_ns, timing.p999_ns, timing.max_ns].is_sorted() {
        return invalid(place.to_owned(), "p50 <= p99 <= p99.9 <= max");
    }
    list(
        place,
        timing.cdf.len(),
        CDF_STEPS_MAX,
        "at most 512 steps of a distribution",
    )?;
    let rises = |pair: &[CdfStep]| pair[0].ns < pair[1].ns && pair[0].count < pair[1].count;
    if !timing.cdf.windows(2).all(rises) {
        return invalid(format!("{place}.cdf"), "steps that rise");
    }
    if timing.cdf.first().is_some_and(|first| first.count == 0) {
        return invalid(format!("{place}.cdf"), "steps that hold something");
    }
    Ok(())
}

fn text(place: &str, text: &str) -> Result<(), ReportError> {
    list(
        place,
        text.len(),
        TEXT_BYTES_MAX,
        "a text of at most 64 KiB",
    )
}

fn list(
    place: &str,
    len: usize,
    len_max: usize,
    expected: &'static str,
) -> Result<(), ReportError> {
    if len > len_max {
        invalid(place.to_owned(), expected)
    } else {
        Ok(())
    }
}

fn invalid(place: String, expected: &'static str) -> Result<(), ReportError> {
    Err(ReportError::Invalid { place, expected })
}

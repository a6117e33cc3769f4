use std::time::Duration;

use clap::{Args, value_parser};

use crate::cli::argument;
use crate::cli::contest::ContestArguments;
use crate::cli::output::OutputArguments;
use crate::events::fanout::Fanout;

/// The arguments of `events`.
#[derive(Args, Clone, Debug)]
pub(crate) struct EventsArguments {
    #[command(flatten)]
    pub(crate) contest: ContestArguments<Fanout>,
    /// How many events a strategy with a bound keeps for those who are behind.
    #[arg(long, value_name = "EVENTS", default_value_t = 1_024, value_parser = value_parser!(u32).range(1..=16_777_216))]
    pub(crate) capacity: u32,
    #[command(flatten)]
    pub(crate) audience: AudienceArguments,
    #[command(flatten)]
    pub(crate) writing: WritingArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Who takes events.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Subscribers")]
pub(crate) struct AudienceArguments {
    /// How many subscribers there are. Each number is measured.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "1,10,100,1000,10000", value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub(crate) subscribers: Vec<u32>,
    /// The share of them that is slow. A slow one pauses whenever it has taken everything that there
    /// is.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = argument::share)]
    pub(crate) slow: f64,
    /// How long a slow subscriber pauses.
    #[arg(long, value_name = "TIME", default_value = "5ms", value_parser = argument::time_above_zero)]
    pub(crate) pause: Duration,
}

/// What is published, and when.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Events")]
pub(crate) struct WritingArguments {
    /// Open loop: so many events are published in a second, whoever has taken the earlier ones; or
    /// `max`, one after the other without a pause. Each is measured.
    #[arg(long, value_name = "PER_SECOND|max,...", value_delimiter = ',', default_value = "max,100", value_parser = pace)]
    pub(crate) rate: Vec<Pace>,
    /// How many events a run publishes [default: a million deliveries' worth, but from 100 to
    /// 100000, without a pause, or 300 ms' worth in an open loop].
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=100_000_000))]
    pub(crate) events: Option<u32>,
    /// How large an event is, besides its number.
    #[arg(long, value_name = "BYTES", default_value_t = 64, value_parser = value_parser!(u32).range(0..=16_777_216))]
    pub(crate) payload: u32,
}

/// How many events are published in a second; as many as possible where it is `None`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace(pub(crate) Option<f64>);

fn pace(text: &str) -> Result<Pace, &'static str> {
    if text == "max" {
        return Ok(Pace(None));
    }
    let rate = argument::above_zero(text);
    let rate = rate.map_err(|_| "expected max, or a number above 0 and at most 1000000000")?;
    Ok(Pace(Some(rate)))
}

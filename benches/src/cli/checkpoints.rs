use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, value_parser};

use crate::checkpoints::keeper::Keeper;
use crate::cli::argument;
use crate::cli::contest::ContestArguments;
use crate::cli::output::OutputArguments;

/// The arguments of `checkpoints`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CheckpointsArguments {
    #[command(flatten)]
    pub(crate) contest: ContestArguments<Keeper>,
    #[command(flatten)]
    pub(crate) work: WorkArguments,
    #[command(flatten)]
    pub(crate) growth: GrowthArguments,
    #[command(flatten)]
    pub(crate) place: PlaceArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Who commits what.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Commits")]
pub(crate) struct WorkArguments {
    /// How many writers there are in a process. Each number is measured.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "1,16,256", value_parser = value_parser!(u32).range(1..=4_096))]
    pub(crate) writers: Vec<u32>,
    /// How many keys there are. Each number is measured, with every number of writers.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "1,1000,100000", value_parser = value_parser!(u32).range(1..=10_000_000))]
    pub(crate) keys: Vec<u32>,
    /// How many processes write to one store, each to 1,000 keys of its own, with 1 and with 16
    /// writers. Each number is measured; 0 for none.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "1,2,4", value_parser = value_parser!(u32).range(0..=64))]
    pub(crate) processes: Vec<u32>,
    /// How long writers begin commits in a run.
    #[arg(long, value_name = "TIME", default_value = "80ms", value_parser = argument::time_above_zero)]
    pub(crate) time: Duration,
}

/// How large a store becomes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Growth")]
pub(crate) struct GrowthArguments {
    /// How many updates of 1,000 keys a store is made to grow with, by 256 writers; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = value_parser!(u32).range(0..=100_000_000))]
    pub(crate) updates: u32,
    /// How long that may take; a slow strategy does as many as it can.
    #[arg(long, value_name = "TIME", default_value = "400ms", value_parser = argument::time_above_zero)]
    pub(crate) updates_time: Duration,
}

/// Where it happens, and how it is measured.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Measuring")]
pub(crate) struct PlaceArguments {
    /// The folder whose disk is measured [default: that of temporary files].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// How long the disk alone is measured right before and right after each run.
    #[arg(long, value_name = "TIME", default_value = "20ms", value_parser = argument::time_above_zero)]
    pub(crate) yardstick: Duration,
    /// Counts no calls of the system. Otherwise each strategy runs once more for each number of
    /// writers, with the middle number of keys, under strace, where there is one.
    #[arg(long)]
    pub(crate) no_trace: bool,
    /// Runs everything in a real-time class, where that is allowed.
    #[arg(long)]
    pub(crate) realtime: bool,
}

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, value_parser};

use crate::cli::argument;
use crate::cli::contest::ContestArguments;
use crate::cli::output::OutputArguments;
use crate::reads::strategy::Strategy;
use crate::reads::trace::Format;

/// The arguments of `reads`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReadsArguments {
    /// What the strategies read from.
    #[arg(long, value_enum, default_value_t = BackendName::Sqlite)]
    pub(crate) backend: BackendName,
    #[command(flatten)]
    pub(crate) contest: ContestArguments<Strategy>,
    /// Names the draws of keys, times and costs. Each round has draws of its own.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many rows a cache may keep.
    #[arg(long, value_name = "ROWS", default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=100_000_000))]
    pub(crate) capacity: u32,
    #[command(flatten)]
    pub(crate) load: LoadArguments,
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// What is asked for, and when.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Workload")]
pub(crate) struct LoadArguments {
    /// Which keys are asked for.
    #[arg(long, value_enum, default_value_t = WorkloadName::Zipf, conflicts_with = "trace")]
    pub(crate) workload: WorkloadName,
    /// How much more often popular keys are asked for, in the zipf workload.
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = argument::steepness, conflicts_with = "trace")]
    pub(crate) skew: f64,
    /// How many keys there are.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = value_parser!(u32).range(1..=100_000_000), conflicts_with = "trace")]
    pub(crate) keys: u32,
    /// Replays recorded reads: one key per line, or `time,key` with times in seconds; may be gzip.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// How the trace's lines are understood.
    #[arg(long, value_enum, default_value_t = TraceFormat::Auto, value_name = "FORMAT", requires = "trace")]
    pub(crate) trace_format: TraceFormat,
    /// How many times faster a trace with times is replayed [default: 1].
    #[arg(long, value_name = "FACTOR", value_parser = argument::above_zero, requires = "trace")]
    pub(crate) speed: Option<f64>,
    /// Closed loop: so many clients ask again once they are answered. Each number is measured
    /// [default: 1,8,64,512].
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = value_parser!(u32).range(1..=1_000_000), conflicts_with_all = ["rate", "speed"])]
    pub(crate) clients: Vec<u32>,
    /// Open loop: so many loads come in a second, answered or not. Each number is measured.
    #[arg(long, value_name = "PER_SECOND,...", value_delimiter = ',', value_parser = argument::above_zero, conflicts_with = "speed")]
    pub(crate) rate: Vec<f64>,
    /// How many loads a run makes [default: 100000, or the whole trace].
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) loads: Option<u32>,
    /// How long a run takes, such as 60s. In an open loop loads come for that long; a closed loop
    /// stops then, even if loads are left.
    #[arg(long, value_name = "TIME", value_parser = argument::time_above_zero)]
    pub(crate) duration: Option<Duration>,
}

/// How the modelled backend behaves.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Model")]
pub(crate) struct ModelArguments {
    /// What each call costs.
    #[arg(long, value_name = "TIME", default_value = "1ms", value_parser = argument::time)]
    pub(crate) fixed: Duration,
    /// What each key in a call costs on top.
    #[arg(long, value_name = "TIME", default_value = "20us", value_parser = argument::time)]
    pub(crate) per_key: Duration,
    /// The median of a call's further, log-normal cost.
    #[arg(long, value_name = "TIME", default_value = "200us", value_parser = argument::time)]
    pub(crate) tail: Duration,
    /// How long the tail of that cost is.
    #[arg(long, value_name = "SIGMA", default_value_t = 1.0, value_parser = argument::steepness)]
    pub(crate) tail_sigma: f64,
    /// How many calls are served at once.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = value_parser!(u32).range(1..))]
    pub(crate) in_flight: u32,
    /// The share of calls that fail.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = argument::share)]
    pub(crate) error_rate: f64,
}

/// How the database is used.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Databases")]
pub(crate) struct DatabaseArguments {
    /// How many connections there are.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u32).range(1..=1024))]
    pub(crate) connections: u32,
    /// Where the temporary SQLite database is made [default: the system's folder for such].
    #[arg(long = "database", value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// Where the PostgreSQL server is, such as postgres://user@localhost/database; without TLS. The
    /// table is made in a schema of its own, which is dropped at the end.
    #[arg(long, value_name = "URL", required_if_eq("backend", "postgres"), value_parser = argument::server)]
    pub(crate) postgres_url: Option<tokio_postgres::Config>,
}

/// The backends by name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum BackendName {
    /// A database in a temporary file, with real queries.
    Sqlite,
    /// The same rows on a PostgreSQL server; needs --postgres-url.
    Postgres,
    /// A model in virtual time, the same on every machine for one seed.
    Model,
}

/// The workloads by name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum WorkloadName {
    /// A few keys are asked for often.
    Zipf,
    /// All keys are asked for equally often.
    Uniform,
    /// One key after the other.
    Scan,
    /// All clients ask for one key at one instant, then for the next.
    Stampede,
    /// All clients ask for different keys at one instant, then for the next ones.
    Page,
}

/// The layouts of a trace by name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum TraceFormat {
    /// CSV where the first line looks like it.
    Auto,
    /// One key per line.
    Keys,
    /// `time,key`.
    Csv,
}

impl From<TraceFormat> for Format {
    fn from(format: TraceFormat) -> Self {
        match format {
            TraceFormat::Auto => Self::Detect,
            TraceFormat::Keys => Self::Keys,
            TraceFormat::Csv => Self::Timed,
        }
    }
}

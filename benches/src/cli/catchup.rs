use std::time::Duration;

use clap::{Args, ValueEnum, value_parser};

use crate::catchup::network::model::Lines;
use crate::catchup::way::CatchUp;
use crate::cli::argument;
use crate::cli::contest::ContestArguments;
use crate::cli::output::OutputArguments;

/// The arguments of `catchup`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CatchupArguments {
    #[command(flatten)]
    pub(crate) contest: ContestArguments<CatchUp>,
    /// What is drawn at random follows from this number.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How much of the state a laggard has when it is killed, where the strategy is about that.
    #[arg(long, value_name = "SHARE", default_value_t = 0.9, value_parser = argument::share)]
    pub(crate) interrupt: f64,
    #[command(flatten)]
    pub(crate) changes: ChangesArguments,
    #[command(flatten)]
    pub(crate) network: NetworkArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// What there is, and what was missed.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "State and changes")]
pub(crate) struct ChangesArguments {
    /// How many keys the state has. Each number is measured.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "10000,100000,1000000", value_parser = value_parser!(u32).range(1..=100_000_000))]
    pub(crate) keys: Vec<u32>,
    /// How many changes the laggard is behind. Each number is measured, with every number of keys.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "10000,100000,1000000", value_parser = value_parser!(u32).range(1..=1_000_000_000))]
    pub(crate) behind: Vec<u32>,
    /// Which keys change.
    #[arg(long, value_name = "NAME", value_enum, default_value_t = ChangesName::Zipf)]
    pub(crate) changes: ChangesName,
    /// How uneven `zipf` is: the key of rank r changes with weight 1 / r^skew.
    #[arg(long, value_name = "SKEW", default_value_t = 1.0, value_parser = argument::steepness)]
    pub(crate) skew: f64,
    /// How large a value is.
    #[arg(long, value_name = "BYTES", default_value_t = 64, value_parser = value_parser!(u32).range(0..=1_048_576))]
    pub(crate) value: u32,
    /// How many more changes are made in a second while the laggard catches up, until there were as
    /// many as there are keys.
    #[arg(long, value_name = "PER_SECOND", default_value_t = 1_000.0, value_parser = argument::rate)]
    pub(crate) writes: f64,
}

/// Which keys change.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ChangesName {
    /// A few of them often.
    Zipf,
    /// All of them alike.
    Uniform,
}

/// What is between the laggard and its peers.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArguments {
    /// What the laggard and its peers are connected by.
    #[arg(long, value_name = "NAME", value_enum, default_value_t = NetworkName::Model)]
    pub(crate) network: NetworkName,
    /// How many providers there are for who takes more than one.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u8).range(1..=64))]
    pub(crate) providers: u8,
    /// How many megabytes each peer of the model can send in a second: the leader, the next one, and so
    /// on; the last number is that of all further ones.
    #[arg(long, value_name = "MB,...", value_delimiter = ',', default_value = "125", value_parser = argument::above_zero)]
    pub(crate) bandwidth: Vec<f64>,
    /// How long a message of the model takes, beside the time that its bytes take.
    #[arg(long, value_name = "TIME", default_value = "1ms", value_parser = argument::time)]
    pub(crate) latency: Duration,
    /// The share of mebibytes that the model loses, each with the message it is in.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = argument::loss)]
    pub(crate) loss: f64,
}

/// What the laggard and its peers are connected by.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum NetworkName {
    /// A model in virtual time, the same on every machine for one seed.
    Model,
    /// TCP on loopback, in real time.
    Tcp,
}

impl NetworkArguments {
    /// Returns what the lines of the model are like.
    pub(crate) fn lines(&self) -> Lines {
        let last = self.bandwidth.last().copied().unwrap_or(1.0);
        let each = self
            .bandwidth
            .iter()
            .copied()
            .chain(std::iter::repeat(last));
        let each = each.take(usize::from(self.providers));
        Lines {
            bytes_per_second: each.map(|megabytes| megabytes * 1e6).collect(),
            latency: self.latency,
            loss: self.loss,
        }
    }

    /// Describes it in one line, with everything that makes it what it is.
    pub(crate) fn describe(&self) -> String {
        let providers = self.providers;
        if self.network == NetworkName::Tcp {
            return format!("tcp on loopback, {providers} providers");
        }
        let rates: Vec<String> = self.bandwidth.iter().map(f64::to_string).collect();
        let (rates, latency) = (rates.join(","), self.latency);
        let loss = match self.loss {
            0.0 => "no loss".to_owned(),
            loss => format!("{} % of mebibytes lost", loss * 100.0),
        };
        format!("model, {providers} providers, {rates} MB/s each, {latency:?}, {loss}")
    }
}

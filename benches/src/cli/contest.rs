use clap::{Args, value_parser};

use crate::harness::contestant::Contestant;

/// Who runs, and how often.
#[derive(Args, Clone, Debug)]
pub(crate) struct ContestArguments<C: Contestant> {
    /// Which strategies run [default: all].
    #[arg(
        long = "strategies",
        alias = "strategy",
        long_help = help::<C>(),
        value_name = "NAMES",
        value_delimiter = ',',
        value_parser = named::<C>
    )]
    strategies: Vec<C>,
    /// How many times each strategy runs.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u32).range(1..=1000))]
    pub(crate) repeat: u32,
}

impl<C: Contestant> ContestArguments<C> {
    /// Returns the strategies that were asked for, each once, in the order of reports.
    pub(crate) fn chosen(&self) -> Vec<C> {
        let names: Vec<&str> = self.strategies.iter().map(Contestant::name).collect();
        let is_chosen = |one: &&C| names.is_empty() || names.contains(&one.name());
        C::ALL.iter().filter(is_chosen).copied().collect()
    }
}

fn named<C: Contestant>(name: &str) -> Result<C, String> {
    C::find(name).ok_or_else(|| {
        let names: Vec<&str> = C::ALL.iter().map(Contestant::name).collect();
        format!("allowed are {}", names.join(", "))
    })
}

/// Describes every strategy there is, from the table they are in.
fn help<C: Contestant>() -> String {
    let lines = C::ALL.iter();
    let lines = lines.map(|one| format!("- {}: {}", one.name(), one.summary()));
    let lines: Vec<String> = lines.collect();
    format!(
        "Which strategies run [default: all]\n\n{}",
        lines.join("\n")
    )
}

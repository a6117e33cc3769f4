use std::path::PathBuf;

use clap::Args;

use crate::all::parts;
use crate::cli::output::OutputArguments;

/// The arguments of `all`.
#[derive(Args, Clone, Debug)]
pub(crate) struct AllArguments {
    /// Which subcommands are asked [default: all].
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = subcommand)]
    pub(crate) only: Vec<&'static str>,
    /// Does only as much as shows that everything works; the figures mean nothing.
    #[arg(long)]
    pub(crate) quick: bool,
    /// The folder whose disk holds the database and the positions [default: that of temporary
    /// files].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

fn subcommand(name: &str) -> Result<&'static str, String> {
    let known = parts::subcommands();
    let found = known.iter().copied().find(|known| *known == name);
    found.ok_or_else(|| format!("allowed are {}", known.join(", ")))
}

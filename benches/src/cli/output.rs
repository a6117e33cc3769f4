use std::path::PathBuf;

use clap::Args;

/// What comes out.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArguments {
    /// Where report.html, report.json and report.md are written.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Prints the report as JSON rather than as a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Shows no progress and no notes.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

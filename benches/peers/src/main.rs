//! Prints how forebay compares with the other libraries of its field.

use std::error::Error;
use std::io::{self, Write};

use clap::{Parser, Subcommand};
use forebay_peers::singleflight::questions;
use forebay_peers::table::Layout;

/// Compares forebay with the other libraries of its field.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    subject: Subject,
}

/// What is compared.
#[derive(Debug, Subcommand)]
enum Subject {
    /// Libraries that give concurrent calls of one key a single load.
    Singleflight {
        /// Asks this question only.
        #[arg(long, value_name = "NAME", value_parser = questions::names())]
        question: Option<String>,

        /// Prints Markdown.
        #[arg(long)]
        markdown: bool,

        /// How many rounds each question is measured in. Figures are the least of all rounds,
        /// ratios the median of those within each.
        #[arg(long, default_value_t = 25, value_name = "COUNT",
              value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { subject } = Arguments::parse();
    let Subject::Singleflight {
        question,
        markdown,
        rounds,
    } = subject;
    let layout = if markdown {
        Layout::Markdown
    } else {
        Layout::Terminal
    };
    let mut output = io::stdout().lock();
    for asked in questions::ALL {
        if question.as_ref().is_some_and(|name| name != asked.name) {
            continue;
        }
        for table in (asked.ask)(usize::from(rounds)) {
            writeln!(output, "{}", table.render(layout)?)?;
        }
    }
    Ok(())
}

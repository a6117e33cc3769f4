//! Prints how forebay compares with the other libraries of its field.

use std::error::Error;
use std::io::{self, Write};

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use forebay_peers::question::Question;
use forebay_peers::table::Layout;
use forebay_peers::{batch, events, singleflight};

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
        #[arg(long, value_name = "NAME", value_parser = names(singleflight::questions::ALL))]
        question: Option<String>,

        /// How many rounds each question is measured in. Figures are the least of all rounds,
        /// ratios the median of those within each.
        #[arg(long, default_value_t = 25, value_name = "COUNT",
              value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,

        #[command(flatten)]
        output: Output,
    },

    /// Libraries that turn loads of different keys into one backend call.
    Batch {
        /// Asks this question only.
        #[arg(long, value_name = "NAME", value_parser = names(batch::questions::ALL))]
        question: Option<String>,

        /// How many rounds each question is measured in. Figures are the least of all rounds,
        /// ratios the median of those within each.
        #[arg(long, default_value_t = 9, value_name = "COUNT",
              value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,

        #[command(flatten)]
        output: Output,
    },

    /// Libraries with which one writer tells many readers what happens.
    Events {
        /// Asks this question only.
        #[arg(long, value_name = "NAME", value_parser = names(events::questions::ALL))]
        question: Option<String>,

        /// How many rounds each question is measured in. Figures are the least of all rounds,
        /// ratios the median of those within each.
        #[arg(long, default_value_t = 9, value_name = "COUNT",
              value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,

        #[command(flatten)]
        output: Output,
    },
}

/// How the tables are printed.
#[derive(Args, Clone, Copy, Debug)]
struct Output {
    /// Prints Markdown.
    #[arg(long)]
    markdown: bool,
}

fn names(questions: &'static [Question]) -> PossibleValuesParser {
    PossibleValuesParser::new(questions.iter().map(|question| question.name))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (questions, question, rounds, output) = match Arguments::parse().subject {
        Subject::Singleflight {
            question,
            rounds,
            output,
        } => (singleflight::questions::ALL, question, rounds, output),
        Subject::Batch {
            question,
            rounds,
            output,
        } => (batch::questions::ALL, question, rounds, output),
        Subject::Events {
            question,
            rounds,
            output,
        } => (events::questions::ALL, question, rounds, output),
    };
    let layout = if output.markdown {
        Layout::Markdown
    } else {
        Layout::Terminal
    };
    let mut stdout = io::stdout().lock();
    for asked in questions {
        if question.as_ref().is_some_and(|name| name != asked.name) {
            continue;
        }
        for table in (asked.ask)(usize::from(rounds)) {
            writeln!(stdout, "{}", table.render(layout)?)?;
            stdout.flush()?;
        }
    }
    Ok(())
}

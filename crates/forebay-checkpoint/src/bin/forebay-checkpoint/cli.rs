//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use forebay_core::LogId;

use crate::failure::Failure;
use crate::output;
use crate::position::Position;
use crate::session::Session;

const WORDS: &str = "\
FILE is the file of a store, which other processes may use meanwhile.
KEY is the 64 hexadecimal digits of a key, or the label or the first digits (four at least) of one
that is listed.
POSITION is what `list` shows as log and sequence with a hyphen between, such as
000000000000001f-42, or a sequence alone, in the log that the key has now.

Exit status:
  0  done
  1  the answer is no: there is no such key, the file is damaged (verify)
  2  the command line is wrong, or a key is not told apart from others
  3  refused: it would go back, or over to another log, or replace something
  4  the file is damaged, or is no checkpoint file, or one of a newer release
  5  reading or writing failed, the file is not there, or others kept the lock";

const EVERYWHERE: &str = "Options of every command";

/// Looks at the positions that consumers keep in a checkpoint file, and changes them, while the
/// consumers run.
#[derive(Debug, Parser)]
#[command(name = "forebay-checkpoint", version, max_term_width = 100, after_help = WORDS)]
struct Arguments {
    /// Prints one line of JSON rather than text; `watch` one for each change
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    json: bool,
    /// How long a change waits while other processes keep the lock
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    lock_timeout: Duration,
    /// Changes a file on a network file system too; no other machine may use it meanwhile
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    allow_remote: bool,
    #[command(subcommand)]
    command: Command,
}

/// What the tool is asked to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists keys with their labels, positions and event ids
    #[command(after_help = "Example: forebay-checkpoint list /var/lib/app/offsets")]
    List(ListArguments),
    /// Shows one key
    #[command(after_help = "Example: forebay-checkpoint get /var/lib/app/offsets orders")]
    Get(KeyArguments),
    /// Moves a key forward; refuses to move it back, or to another log, unless told to
    #[command(after_help = "Example: forebay-checkpoint set /var/lib/app/offsets orders 1312")]
    Set(SetArguments),
    /// Puts a key at a position, wherever it is, and fences those who have claimed it
    #[command(after_help = "Example: forebay-checkpoint reset /var/lib/app/offsets orders 0")]
    Reset(ResetArguments),
    /// Removes a key with its label: its consumer begins anew. Fences those who have claimed it
    #[command(after_help = "Example: forebay-checkpoint remove /var/lib/app/offsets 0f3a")]
    Remove(KeyArguments),
    /// Shows the label of a key, or gives it one
    #[command(
        after_help = "Example: forebay-checkpoint label /var/lib/app/offsets 0f3a \"orders in Europe\""
    )]
    Label(LabelArguments),
    /// Reads a file, damaged or not, and says what is in it. Status 1 if it is damaged
    #[command(after_help = "Example: forebay-checkpoint verify /var/lib/app/offsets")]
    Verify(FileArguments),
    /// Puts what can be read of a damaged file in its place, and keeps the damaged one beside it.
    /// Without --yes it says what that would come to
    #[command(after_help = "Example: forebay-checkpoint salvage /var/lib/app/offsets --yes")]
    Salvage(SalvageArguments),
    /// Writes positions as the JSON of older clients, without logs and labels
    #[command(
        after_help = "Example: forebay-checkpoint export /var/lib/app/offsets --json-v1 state.json"
    )]
    Export(ExportArguments),
    /// Takes over positions from the JSON of older clients. Where a key has a position, the further
    /// one stays
    #[command(
        after_help = "Example: forebay-checkpoint import /var/lib/app/offsets state.json --create \
                      --log 000000000000001f"
    )]
    Import(ImportArguments),
    /// Prints what is stored, and then every change that anybody makes, until it is interrupted
    #[command(after_help = "Example: forebay-checkpoint watch /var/lib/app/offsets orders --json")]
    Watch(WatchArguments),
}

/// The arguments of commands about a file.
#[derive(Args, Debug)]
pub(crate) struct FileArguments {
    /// The checkpoint file
    pub(crate) file: PathBuf,
}

/// The arguments of commands about a key.
#[derive(Args, Debug)]
pub(crate) struct KeyArguments {
    /// The checkpoint file
    pub(crate) file: PathBuf,
    /// The key: digits, first digits, or label
    pub(crate) key: String,
}

/// The arguments of `list`.
#[derive(Args, Debug)]
pub(crate) struct ListArguments {
    /// The checkpoint file
    pub(crate) file: PathBuf,
    /// Shows all digits of each key, rather than enough to tell them apart
    #[arg(long)]
    pub(crate) full: bool,
}

/// The arguments of `set`.
#[derive(Args, Debug)]
pub(crate) struct SetArguments {
    #[command(flatten)]
    pub(crate) to: ResetArguments,
    /// Does what `reset` does
    #[arg(long)]
    pub(crate) reset: bool,
}

/// The arguments of `reset`.
#[derive(Args, Debug)]
pub(crate) struct ResetArguments {
    /// The checkpoint file
    pub(crate) file: PathBuf,
    /// The key: digits, first digits, or label
    pub(crate) key: String,
    /// LOG-SEQUENCE, or a sequence in the log that the key has
    pub(crate) position: Position,
    /// What the source calls the event at this position
    #[arg(long, value_name = "ID")]
    pub(crate) event_id: Option<String>,
    /// Begins a new file if there is none
    #[arg(long)]
    pub(crate) create: bool,
}

/// The arguments of `label`.
#[derive(Args, Debug)]
pub(crate) struct LabelArguments {
    /// The checkpoint file
    pub(crate) file: PathBuf,
    /// The key: digits, first digits, or label
    pub(crate) key: String,
    /// The new label
    #[arg(conflicts_with = "remove")]
    pub(crate) text: Option<String>,
    /// Takes the label away
    #[arg(long)]
    pub(crate) remove: bool,
}

/// The arguments of `salvage`.
#[derive(Args, Debug)]
pub(crate) struct SalvageArguments {
    /// The checkpoint file
    pub(crate) file: PathBuf,
    /// Does it
    #[arg(long)]
    pub(crate) yes: bool,
}

/// The arguments of `export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArguments {
    /// The checkpoint file
    pub(crate) file: PathBuf,
    /// Where to write the JSON; - is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) json_v1: PathBuf,
    /// Replaces a file that is there
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// The arguments of `import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArguments {
    /// The checkpoint file
    pub(crate) file: PathBuf,
    /// The JSON to import from; - is standard input. Without it FILE is the JSON, and becomes a
    /// checkpoint file
    pub(crate) from: Option<PathBuf>,
    /// The log that the positions are of: 16 hexadecimal digits
    #[arg(long, value_parser = log)]
    pub(crate) log: LogId,
    /// Takes over every position, also where that goes back or over to another log
    #[arg(long, requires = "from")]
    pub(crate) reset: bool,
    /// Begins a new file if there is none
    #[arg(long, requires = "from")]
    pub(crate) create: bool,
}

/// The arguments of `watch`.
#[derive(Args, Debug)]
pub(crate) struct WatchArguments {
    /// The checkpoint file
    pub(crate) file: PathBuf,
    /// The key to follow: digits, first digits, or label. Without it, all
    pub(crate) key: Option<String>,
}

/// Reads a command line; `None` where it only asked for help or the version, which were printed.
pub(crate) fn parse(
    arguments: impl Iterator<Item = OsString>,
) -> Result<Option<(Session, Command)>, Failure> {
    match Arguments::try_parse_from(arguments) {
        Ok(parsed) => {
            let session = Session::new(parsed.json, parsed.lock_timeout, parsed.allow_remote);
            Ok(Some((session, parsed.command)))
        }
        Err(answer)
            if matches!(
                answer.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            output::readable(answer.print()).map(|()| None)
        }
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Err(Failure::usage("a command is missing; see --help"))
        }
        Err(error) => Err(Failure::usage(first_paragraph(&error.to_string()))),
    }
}

/// What the parser says first is what is wrong; usage and advice follow.
fn first_paragraph(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let lines = text.lines().map(str::trim);
    let said: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    format!("{}; see --help", said.join(" "))
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "not a number of seconds")
}

fn log(text: &str) -> Result<LogId, &'static str> {
    let wanted = "a log is 16 hexadecimal digits in lower case, such as 000000000000001f";
    text.parse().map_err(|_| wanted)
}

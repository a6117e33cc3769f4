//! The processes that write, each the same program again.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::checkpoints::keeper::Keeper;
use crate::checkpoints::shift::{Done, Duty, READY, START};
use crate::checkpoints::store::Fault;
use crate::failure::Failure;
use crate::harness::contestant::Contestant;

/// The subcommand that such a process is started with.
pub(crate) const SUBCOMMAND: &str = "write-checkpoints";

/// Does what the process that started this one asks for on standard input, and answers on standard
/// output.
pub(crate) fn run() -> Result<(), Failure> {
    let done = duty().and_then(|duty| {
        let keeper = Keeper::find(&duty.strategy).ok_or(Fault::Gone)?;
        (keeper.work)(&duty)
    });
    // Who started it says what went wrong.
    let done: Answer = done.map_err(|fault| fault.to_string());
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, &done).map_err(|error| Failure::Writer(error.into()))?;
    output
        .write_all(b"\n")
        .and_then(|()| output.flush())
        .map_err(Failure::Writer)
}

fn duty() -> Result<Duty, Fault> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// What a process says in the end.
type Answer = Result<Done, String>;

/// A process that has opened its store and waits to begin.
#[derive(Debug)]
pub(super) struct Writer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Writer {
    /// Starts a process, as an argument of `prefix` where that is not empty, and waits until it is
    /// ready.
    pub(super) fn start(duty: &Duty, prefix: &[&OsStr]) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(Failure::Writer)?;
        let mut words = prefix.iter().copied().chain([program.as_os_str()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).arg(SUBCOMMAND);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // What interrupts this program at a terminal leaves it to end what is under way.
        command.process_group(0);
        let mut child = command.spawn().map_err(Failure::Writer)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.ok_or_else(gone)?;
        let mut writer = Self {
            child,
            input,
            output: BufReader::new(output),
        };
        let duty = serde_json::to_string(duty).map_err(|error| Failure::Writer(error.into()))?;
        writer.say(&duty)?;
        let said = writer.hear()?;
        match said.trim_end() {
            READY => Ok(writer),
            _ => answer(&said).and(Err(gone())),
        }
    }

    /// Lets it begin.
    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        self.say(START)
    }

    /// Waits until it has done what it was to do.
    pub(super) fn end(mut self) -> Result<Done, Failure> {
        let said = self.hear()?;
        self.child.wait().map_err(Failure::Writer)?;
        answer(&said)
    }

    fn say(&mut self, line: &str) -> Result<(), Failure> {
        let said = self.input.write_all(format!("{line}\n").as_bytes());
        said.and_then(|()| self.input.flush())
            .map_err(Failure::Writer)
    }

    fn hear(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line).map_err(Failure::Writer)?;
        match read {
            0 => Err(gone()),
            _ => Ok(line),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // One that has ended cannot be killed, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(said: &str) -> Result<Done, Failure> {
    let answer: Answer =
        serde_json::from_str(said).map_err(|error| Failure::Writer(error.into()))?;
    answer.map_err(|why| Failure::Writer(io::Error::other(why)))
}

fn gone() -> Failure {
    Failure::Writer(io::Error::other("it ended before it was done"))
}

//! Processes of the system as somebody else starts them, reads what they say, and kills them.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time;

use crate::writer::Fatal;

/// Nothing that is waited for here takes so long, on any machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A process that runs. It is killed when this is dropped, and ends by itself if whoever started it
/// is killed.
#[derive(Debug)]
pub struct Process {
    /// What to call it in messages.
    pub name: String,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// The process ends when this is closed.
    _input: ChildStdin,
}

impl Process {
    /// Starts a process.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn start(program: &Path, name: &str, arguments: &[String]) -> io::Result<Self> {
        Self::spawn(name, Command::new(program).args(arguments))
    }

    /// Starts a process that a command describes.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn spawn(name: &str, command: &mut Command) -> io::Result<Self> {
        let command = command
            .arg("--until-input-ends")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let missing = || io::Error::from(io::ErrorKind::BrokenPipe);
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        Ok(Self {
            name: name.to_owned(),
            child,
            lines: BufReader::new(output).lines(),
            _input: input,
        })
    }

    /// Returns the next line that it says.
    ///
    /// # Errors
    ///
    /// If it has ended, or says nothing.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn line(&mut self) -> Result<String, Fatal> {
        let line = time::timeout(PATIENCE, self.lines.next_line()).await;
        let line = line.map_err(|_| format!("{} says nothing", self.name))??;
        line.ok_or_else(|| format!("{} has ended", self.name).into())
    }

    /// Returns what comes after a word at the start of a line.
    ///
    /// # Errors
    ///
    /// As [`line`](Process::line).
    ///
    /// # Cancel safety
    ///
    /// Lines that were passed over are lost.
    pub async fn wait_for(&mut self, word: &str) -> Result<String, Fatal> {
        loop {
            if let Some(rest) = self.line().await?.strip_prefix(word) {
                return Ok(rest.trim().to_owned());
            }
        }
    }

    /// Kills it; on Unix with the signal that cannot be caught. Returns when it is gone.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Cancel safety
    ///
    /// It is killed all the same.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Waits until it has ended by itself, and returns whether all was well.
    ///
    /// # Errors
    ///
    /// Those of the system, and if it does not end.
    ///
    /// # Cancel safety
    ///
    /// Nothing has changed.
    pub async fn wait(&mut self) -> Result<bool, Fatal> {
        Ok(time::timeout(PATIENCE, self.child.wait()).await??.success())
    }
}

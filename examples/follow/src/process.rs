//! Processes of the system as somebody else starts them, reads what they say, and kills them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::path::Path;
use std::process::{self, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::time;

use crate::writer::Fatal;

/// Nothing that is waited for here takes so long, on any machine.
pub const PATIENCE: Duration = Duration::from_secs(300);

const LOOK_EVERY: Duration = Duration::from_millis(5);

const PORTS: Range<u16> = 20_000..30_000;
const PORTS_APART: usize = 61;

/// How many addresses were given out.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// A process that runs. It is killed when this is dropped, and ends by itself if whoever started it
/// is killed.
#[derive(Debug)]
pub struct Process {
    /// What to call it in messages.
    pub name: String,
    child: Child,
    /// What it has said, which is read whether or not anybody wants it: a full pipe would stop it.
    lines: mpsc::UnboundedReceiver<String>,
    /// The process ends when this is closed.
    input: Option<ChildStdin>,
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
            lines: listen(output),
            input: Some(input),
        })
    }

    /// Returns its number in the system, unless it has ended.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
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
        let line = time::timeout(PATIENCE, self.lines.recv()).await;
        let line = line.map_err(|_| format!("{} says nothing", self.name))?;
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

    /// Returns whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_some())
    }

    /// Asks it to end, and goes on as [`wait`](Process::wait).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// It was asked all the same.
    pub async fn end(&mut self) -> Result<bool, Fatal> {
        self.input = None;
        self.wait().await
    }

    /// Waits for as long as it runs.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Cancel safety
    ///
    /// Nothing has changed.
    pub async fn ended(&mut self) -> io::Result<()> {
        self.child.wait().await?;
        Ok(())
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

/// Waits for something that nobody tells of: it is looked again and again whether it is so.
///
/// # Errors
///
/// If it does not come about.
///
/// # Cancel safety
///
/// Nothing has changed.
pub async fn wait_until(
    what: &str,
    mut is_so: impl AsyncFnMut() -> Result<bool, Fatal>,
) -> Result<(), Fatal> {
    let waiting = async {
        while !is_so().await? {
            time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    };
    let waited = time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| Err(format!("it does not happen that {what}").into()))
}

/// Returns addresses on this machine for processes that are killed and come back. Nobody takes them
/// in the meantime: they lie below the ports that systems give to clients.
///
/// # Errors
///
/// If there are not that many.
pub fn free_addresses<const N: usize>() -> Result<[SocketAddr; N], Fatal> {
    // Whoever looks at the same time begins elsewhere, in this process and in others.
    let taken = TAKEN.fetch_add(N, Ordering::Relaxed);
    let first = usize::try_from(process::id())?.wrapping_mul(PORTS_APART) + taken;
    let first = PORTS.start + u16::try_from(first % PORTS.len())?;
    let ports = (first..PORTS.end).chain(PORTS.start..first);
    // All are held until all are there, so that they differ.
    let free = ports.filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok());
    let held: Vec<_> = free.take(N).collect();
    let addresses = held.iter().map(TcpListener::local_addr);
    let addresses: Vec<_> = addresses.collect::<Result<_, _>>()?;
    addresses.try_into().map_err(|_| "no port is free".into())
}

fn listen(output: ChildStdout) -> mpsc::UnboundedReceiver<String> {
    let (tx, lines) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut output = BufReader::new(output).lines();
        while let Ok(Some(line)) = output.next_line().await {
            // Nobody may want it any more.
            let _ = tx.send(line);
        }
    });
    lines
}

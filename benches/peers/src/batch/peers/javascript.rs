//! JavaScript's DataLoader, the reference for what a data loader does, in a process of Node's.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::entry::{Entry, Kind};

const NAME: &str = "dataloader 2.2.3 (JavaScript)";
const PACKAGE: &str = "dataloader@2.2.3";
const SCRIPT: &str = include_str!("../../../javascript/measure.mjs");

/// A question that JavaScript can be asked too.
pub trait Ask {
    /// How its loader is set.
    const SETTINGS: &'static str;

    /// Returns the script's request for each column; `None` where it has no answer.
    fn requests(&self) -> Vec<Option<&'static str>>;
}

/// Returns the entry of it; without Node, one that says so and has no figures.
#[must_use]
pub fn entry<Q: Ask>() -> Entry<Q> {
    let settings = match node() {
        Some(node) => format!("Node {}, {}", node.version, Q::SETTINGS).leak(),
        None => "NOT MEASURED: Node or npm is missing",
    };
    Entry {
        name: NAME,
        settings,
        kind: Kind::Foreign,
        check: || (),
        probe: |question| {
            let figure = |request: Option<_>| node()?.ask(request?);
            question.requests().into_iter().map(figure).collect()
        },
    }
}

/// A process that measures when it is asked to, and sleeps otherwise.
struct Node {
    version: String,
    pipes: Mutex<Pipes>,
}

struct Pipes {
    // Its end is that of this program, whose closing of the pipe it takes for the last request.
    _process: Child,
    requests: ChildStdin,
    figures: BufReader<ChildStdout>,
}

/// Returns the process, begun at the first call; `None` where that is not possible.
fn node() -> Option<&'static Node> {
    static NODE: OnceLock<Option<Node>> = OnceLock::new();
    let begin = || match Node::begin() {
        Ok(node) => Some(node),
        Err(error) => {
            let notice = format!("NOT MEASURED: {NAME}: {error}\n");
            // Who cannot be told has lost nothing but the reason.
            let _ = io::stderr().write_all(notice.as_bytes());
            None
        }
    };
    NODE.get_or_init(begin).as_ref()
}

impl Node {
    fn begin() -> Result<Self, Box<dyn Error>> {
        let version = Command::new("node").arg("--version").output()?.stdout;
        let version = String::from_utf8(version)?.trim().to_owned();
        let folder = folder()?;
        install(&folder)?;
        let script = folder.join("measure.mjs");
        fs::write(&script, SCRIPT)?;
        let mut process = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (requests, figures) = (process.stdin.take(), process.stdout.take());
        let pipes = Pipes {
            _process: process,
            requests: requests.ok_or("no pipe to node")?,
            figures: BufReader::new(figures.ok_or("no pipe from node")?),
        };
        Ok(Self {
            version,
            pipes: Mutex::new(pipes),
        })
    }

    /// Returns the figure that is asked for; `None` when the process gives none.
    fn ask(&self, request: &str) -> Option<f64> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(pipes.requests, "{request}").ok()?;
        let mut line = String::new();
        pipes.figures.read_line(&mut line).ok()?;
        line.trim().parse().ok()
    }
}

/// Returns the folder beside this program's own in which cargo puts what it builds.
fn folder() -> Result<PathBuf, Box<dyn Error>> {
    let program = env::current_exe()?;
    let target = program
        .ancestors()
        .nth(2)
        .ok_or("no folder to install in")?;
    let folder = target.join("javascript");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Installs the package, unless it is there.
fn install(folder: &Path) -> Result<(), Box<dyn Error>> {
    if folder.join("node_modules/dataloader/package.json").exists() {
        return Ok(());
    }
    let installed = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"])
        .arg(folder)
        .arg(PACKAGE)
        .stdout(Stdio::null())
        .status()?;
    if installed.success() {
        Ok(())
    } else {
        Err(format!("npm could not install {PACKAGE}").into())
    }
}

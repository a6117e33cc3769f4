//! This program once more, as a process of its own that does what it is told.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

pub(crate) const PATH: &str = "FOREBAY_CHECKPOINT_PATH";
pub(crate) const SCRIPT: &str = "FOREBAY_CHECKPOINT_SCRIPT";

pub(crate) struct Other {
    child: Child,
    /// The process itself, where the child is a program that watches it.
    process: Option<Pid>,
    orders: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl Other {
    /// Starts a process whose store is at `path`.
    pub(crate) fn start(path: &Path, script: &str) -> Self {
        Self::start_by(Command::new(env::current_exe().unwrap()), path, script)
    }

    /// Starts one below another program, which runs what follows its arguments.
    pub(crate) fn start_under(mut program: Command, path: &Path, script: &str) -> Self {
        program.arg(env::current_exe().unwrap());
        Self::start_by(program, path, script)
    }

    pub(crate) fn start_by(mut command: Command, path: &Path, script: &str) -> Self {
        let mut child = command
            .args(["--exact", "child::in_another_process", "--nocapture"])
            .env(PATH, path)
            .env(SCRIPT, script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            process: None,
            orders,
            lines,
        }
    }

    /// Waits for the next thing it says; there is none when it has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            // One that was killed may leave half a line, which was not said.
            let whole = line.strip_suffix('\n');
            let said = whole.and_then(|line| line.split_once("says "));
            let said = said.map(|(_, said)| said.to_owned());
            match said
                .as_deref()
                .and_then(|said| said.strip_prefix("process "))
            {
                Some(process) => self.process = Pid::from_raw(process.parse().unwrap()),
                None if said.is_some() => return said,
                None => {}
            }
            line.clear();
        }
        None
    }

    /// Tells one that serves to do something, and waits for its answer.
    pub(crate) fn ask(&mut self, order: &str) -> String {
        self.tell(order);
        self.hear()
            .unwrap_or_else(|| panic!("no answer to {order}"))
    }

    pub(crate) fn tell(&mut self, order: &str) {
        self.orders
            .write_all(format!("{order}\n").as_bytes())
            .unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.process.unwrap(), signal).unwrap();
    }

    /// Kills it, and returns all that it said until then.
    pub(crate) fn kill(&mut self) -> Vec<String> {
        self.signal(Signal::KILL);
        self.rest()
    }

    /// Waits until it has ended, and returns all that it said until then.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        let said = std::iter::from_fn(|| self.hear()).collect();
        self.child.wait().unwrap();
        said
    }

    /// Whether it has ended by being killed, and not in another way.
    pub(crate) fn was_killed(&mut self) -> bool {
        let status = self.child.wait().unwrap();
        status.signal() == Some(Signal::KILL.as_raw())
    }
}

/// What is left of a test that failed is not to run on.
impl Drop for Other {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            if let Some(process) = self.process {
                let _ = kill_process(process, Signal::KILL);
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

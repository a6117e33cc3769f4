//! Runs the program in a folder of its own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder in which the program runs, gone with the value.
#[derive(Debug)]
pub(crate) struct Program {
    folder: TempDir,
}

impl Program {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file for the program to read, and returns where it is.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Returns a command that runs `reads` with these arguments.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forebay-bench"));
        command.current_dir(self.folder()).arg("reads");
        command.stdin(Stdio::null()).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Output {
        self.command(arguments.split_whitespace()).output().unwrap()
    }

    /// Runs `reads --json`, which must succeed, and returns the report.
    pub(crate) fn report(&self, arguments: &str) -> Value {
        let output = self.run(&format!("--json --quiet {arguments}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments}: {errors}");
        assert_eq!(
            errors, "",
            "{arguments}: a quiet run that succeeds says nothing else"
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Returns the counts of a strategy's rounds at one point of a report.
pub(crate) fn counts<'a>(report: &'a Value, point: usize, strategy: &str) -> Vec<&'a Value> {
    let strategies = report["counted"]["points"][point]["strategies"]
        .as_array()
        .unwrap();
    let found = strategies
        .iter()
        .find(|found| found["name"] == strategy)
        .unwrap();
    let rounds = found["rounds"].as_array().unwrap();
    rounds.iter().map(|round| &round["counts"]).collect()
}

/// Returns a number of a count.
pub(crate) fn number(counts: &Value, name: &str) -> u64 {
    counts[name].as_u64().unwrap()
}

//! Runs the program in a folder of its own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// One subcommand, and a folder in which it runs, gone with the value.
#[derive(Debug)]
pub(crate) struct Program {
    subcommand: &'static str,
    folder: TempDir,
}

impl Program {
    pub(crate) fn new(subcommand: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { subcommand, folder }
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

    /// Returns a command that runs the subcommand with these arguments.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forebay-bench"));
        command.current_dir(self.folder()).arg(self.subcommand);
        command.stdin(Stdio::null()).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Output {
        self.command(arguments.split_whitespace()).output().unwrap()
    }

    /// Runs it with `--json`, which must succeed, and returns the report.
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

    /// Interrupts it, and returns the report of what it had measured by then, if that was anything.
    ///
    /// When exactly the signal arrives is up to the machine, and it may be too late; what is checked
    /// holds whenever it does.
    #[cfg(target_os = "linux")]
    pub(crate) fn interrupt(&self, child: std::process::Child) -> Option<Value> {
        let id = child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(sent.success());
        let output = child.wait_with_output().unwrap();
        let file = fs::read(self.folder().join("report.json")).unwrap_or_default();
        assert_eq!(file, output.stdout, "nothing is written by halves");
        let report = (!file.is_empty()).then(|| serde_json::from_slice::<Value>(&file).unwrap());
        let is_whole = report
            .as_ref()
            .is_some_and(|report| report["header"]["interrupted"] == false);
        assert_eq!(output.status.code(), Some(if is_whole { 0 } else { 130 }));
        report
    }

    /// Runs it, which must end with status 2, say this in one line, and leave no report.
    pub(crate) fn refuses(&self, arguments: &str, said: &str) {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{arguments}: {errors}");
        assert!(
            errors.starts_with("error: ") && errors.contains(said),
            "{arguments}: {errors}"
        );
        assert!(output.stdout.is_empty(), "{arguments}");
        let written = fs::read_dir(self.folder()).unwrap();
        let names = written.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let reports: Vec<String> = names.filter(|name| name.contains("report.html")).collect();
        assert!(reports.is_empty(), "{arguments}: {reports:?}");
    }
}

/// Returns what a report's section has of a strategy's rounds at one point.
pub(crate) fn rounds<'a>(
    report: &'a Value,
    section: &str,
    point: usize,
    strategy: &str,
) -> &'a [Value] {
    let strategies = &report[section]["points"][point]["strategies"];
    let mut strategies = strategies.as_array().unwrap().iter();
    let found = strategies.find(|found| found["name"] == strategy).unwrap();
    found["rounds"].as_array().unwrap()
}

/// Returns a number that has a name.
pub(crate) fn number(figures: &Value, name: &str) -> u64 {
    figures[name].as_u64().unwrap()
}

//! Saying that something was not checked.

use std::env;
use std::fs::File;
use std::io::Write;
use std::process::Command;

/// Where `.ci/run` gathers for its summary what was not checked.
const NOTICES: &str = "FOREBAY_NOTICES";

pub(crate) fn not_checked(what: &str) {
    let line = format!("!! NOT CHECKED: {what}");
    say_past_the_harness(&line);
    if let Some(path) = env::var_os(NOTICES) {
        let file = File::options().append(true).create(true).open(path);
        let line = format!("{line}\n");
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }
}

/// The harness would keep to itself what a test prints that passes.
pub(crate) fn say_past_the_harness(line: &str) {
    let line = format!("{line}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Says what a test has counted, to whoever asks for it with `--nocapture`.
#[allow(
    clippy::print_stdout,
    reason = "the harness keeps it unless it is asked for"
)]
pub(crate) fn figures(line: &str) {
    println!("figures: {line}");
}

/// Whether a command runs here and succeeds, which says the same of others like it.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

/// Whether system calls can be traced, and changed.
pub(crate) fn can_trace() -> bool {
    let arguments = [
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=flock",
        "true",
    ];
    let can = works("strace", &arguments);
    if !can {
        not_checked("system calls: strace is missing, or tracing is not allowed");
    }
    can
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

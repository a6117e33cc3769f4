//! A program that is at work until it is interrupted.

use std::fs;
use std::process::{Child, Stdio};
use std::thread;

use crate::program::Program;

/// Starts what takes far longer than a signal, and waits until it has so many threads. The second one
/// is that which waits for signals, and is there as soon as they are listened for.
pub(crate) fn start(program: &Program, arguments: &str, threads: usize) -> Child {
    let often = format!("--repeat 1000 --json --quiet {arguments}");
    let mut child = program
        .command(often.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let tasks = format!("/proc/{}/task", child.id());
    let count = || fs::read_dir(&tasks).map_or(0, Iterator::count);
    while child.try_wait().unwrap().is_none() && count() < threads {
        thread::yield_now();
    }
    child
}

/// Interrupts it, which ends what would have gone on.
pub(crate) fn end(program: &Program, child: Child) {
    let report = program.interrupt(child);
    assert!(report.is_none_or(|report| report["header"]["interrupted"] == true));
}

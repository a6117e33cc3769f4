//! A class of scheduling in which others do not come in between.

use std::process::{Command, id};

/// Puts this process, and all that it starts, into a real-time class; returns what it is called.
pub(super) fn enter() -> Result<&'static str, String> {
    let mut command = Command::new("chrt");
    command.args(["--all-tasks", "--fifo", "--pid", "10", &id().to_string()]);
    let output = command.output().map_err(|error| format!("chrt: {error}"))?;
    if output.status.success() {
        return Ok("SCHED_FIFO 10");
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().next().unwrap_or("chrt failed").to_owned())
}

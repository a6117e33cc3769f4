//! A class of scheduling in which others do not come in between.

use std::process::{self, Command};

/// Puts this process, and all that it starts, into a real-time class; returns what it is called.
pub(super) fn enter() -> Result<&'static str, String> {
    put(process::id())
}

fn put(process: u32) -> Result<&'static str, String> {
    let mut command = Command::new("chrt");
    command.args(["--all-tasks", "--fifo", "--pid", "10", &process.to_string()]);
    let output = command.output().map_err(|error| format!("chrt: {error}"))?;
    if output.status.success() {
        return Ok("SCHED_FIFO 10");
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().next().unwrap_or("chrt failed").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_said_in_one_line() {
        // There is no such process, whatever is allowed.
        let said = put(u32::MAX).unwrap_err();
        assert!(!said.is_empty() && said.lines().count() == 1, "{said}");
    }
}

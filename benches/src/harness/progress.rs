//! How far a run is, for whoever watches a terminal.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on standard error; none where that is no terminal, or where nobody wants one.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Creates a bar of `steps` runs.
    pub(crate) fn new(steps: u64, quiet: bool) -> Self {
        let target = match quiet || !stderr().is_terminal() {
            true => ProgressDrawTarget::hidden(),
            // A few times a second, which costs the runs nothing that could be measured.
            false => ProgressDrawTarget::stderr_with_hz(4),
        };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        let template = match std::env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty()) {
            true => "{bar:30} {pos}/{len} {msg} (about {eta} left)",
            false => "{bar:30.cyan} {pos}/{len} {msg} (about {eta} left)",
        };
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }

    /// Names the run that begins.
    pub(crate) fn begin(&self, name: String) {
        self.0.set_message(name);
    }

    /// Counts a run that has ended.
    pub(crate) fn end(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

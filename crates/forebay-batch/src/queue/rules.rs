use std::time::Duration;

use crate::error::ConfigError;
use crate::policy::Dispatch;

/// The bounds and the policy that a queue keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The largest weight of one batch.
    pub(crate) batch_max: usize,
    /// How many calls may be in flight at once.
    pub(crate) calls_max: usize,
    /// How many units may wait.
    pub(crate) waiting_max: usize,
    pub(crate) dispatch: Dispatch,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            batch_max: 1_000,
            calls_max: 4,
            waiting_max: usize::MAX,
            dispatch: Dispatch::Natural,
        }
    }
}

impl Rules {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if [self.batch_max, self.calls_max, self.waiting_max].contains(&0)
            || self.dispatch == Dispatch::MinSize(0)
        {
            return Err(ConfigError::ZeroMax);
        }
        match self.window() {
            Some(Duration::ZERO) => Err(ConfigError::ZeroTimeout),
            _ => Ok(()),
        }
    }

    pub(crate) const fn window(&self) -> Option<Duration> {
        match self.dispatch {
            Dispatch::Window(window) => Some(window),
            _ => None,
        }
    }
}

use std::time::Duration;

use forebay_core::ConfigError;

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
        let nothing = [Dispatch::MinSize(0), Dispatch::Window(Duration::ZERO)];
        let settings = [
            ("max_batch", self.batch_max == 0),
            ("max_in_flight", self.calls_max == 0),
            ("max_waiting", self.waiting_max == 0),
            ("dispatch", nothing.contains(&self.dispatch)),
        ];
        match settings.into_iter().find(|(_, is_zero)| *is_zero) {
            Some((setting, _)) => Err(ConfigError::Zero { setting }),
            None => Ok(()),
        }
    }

    pub(crate) const fn window(&self) -> Option<Duration> {
        match self.dispatch {
            Dispatch::Window(window) => Some(window),
            _ => None,
        }
    }
}

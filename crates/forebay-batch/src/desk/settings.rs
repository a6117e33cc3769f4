use std::sync::Arc;
use std::time::Duration;

use forebay_core::ConfigError;
use forebay_rt::Runtime;

use crate::desk::hooks::Permits;
use crate::queue::Rules;

/// What batchers and executors are built with alike, beside the rules of their queue.
pub(crate) struct Settings<E> {
    pub(crate) rounds: u32,
    pub(crate) call_timeout: Option<Duration>,
    pub(crate) permits: Option<Permits<E>>,
    pub(crate) runtime: Option<Arc<dyn Runtime>>,
    pub(crate) inline: bool,
    pub(crate) name: Box<str>,
}

/// Enough rounds for what tasks bring that were woken one by another.
const ROUNDS_DEFAULT: u32 = 8;

impl<E> Settings<E> {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            rounds: ROUNDS_DEFAULT,
            call_timeout: None,
            permits: None,
            runtime: default_runtime(),
            inline: false,
            name: Box::from(name),
        }
    }

    /// Whether everything is there that the settings need.
    pub(crate) fn check(&self, rules: &Rules) -> Result<(), ConfigError> {
        rules.check()?;
        if self.call_timeout == Some(Duration::ZERO) {
            let setting = "call_timeout";
            return Err(ConfigError::Zero { setting });
        }
        let needs_timer = rules.window().is_some() || self.call_timeout.is_some();
        if self.runtime.is_none() && (needs_timer || !self.inline) {
            return Err(ConfigError::RuntimeMissing);
        }
        Ok(())
    }
}

#[cfg(feature = "tokio")]
fn default_runtime() -> Option<Arc<dyn Runtime>> {
    Some(Arc::new(forebay_rt::TokioRuntime::new()))
}

#[cfg(not(feature = "tokio"))]
const fn default_runtime() -> Option<Arc<dyn Runtime>> {
    None
}

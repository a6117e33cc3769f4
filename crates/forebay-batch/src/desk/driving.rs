use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use forebay_rt::alarm::nanos;
use forebay_rt::{BoxFuture, Runtime, RuntimeGone};

use crate::desk::inline::{Crowd, Inline};

/// Who carries out drivers.
pub(crate) struct Driving {
    runtime: Option<Arc<dyn Runtime>>,
    /// Those who wait do, if they are to, and the runtime has the time only.
    inline: Option<Inline>,
}

impl Driving {
    /// Drivers are carried out by `crowd`, if it is given.
    pub(crate) fn new(runtime: Option<Arc<dyn Runtime>>, crowd: Option<Weak<dyn Crowd>>) -> Self {
        let inline = crowd.map(Inline::new);
        Self { runtime, inline }
    }

    pub(crate) fn spawn(&self, driver: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        if let Some(inline) = &self.inline {
            inline.spawn(driver);
            return Ok(());
        }
        let runtime = self.runtime.as_ref().ok_or_else(RuntimeGone::new)?;
        runtime.spawn(driver)
    }

    /// The time, if there is a clock.
    pub(crate) fn now(&self) -> Option<u64> {
        self.runtime.as_ref().map(|runtime| nanos(runtime.now()))
    }

    /// A timer that begins now, if there is a clock.
    pub(crate) fn sleep(&self, time: Duration) -> Option<BoxFuture<'static, ()>> {
        let runtime = self.runtime.as_ref()?;
        Some(runtime.sleep_until(runtime.now().saturating_add(time)))
    }

    #[inline]
    pub(crate) const fn is_inline(&self) -> bool {
        self.inline.is_some()
    }

    /// Carries drivers on, where those who wait do; `helper` is theirs.
    #[inline]
    pub(crate) fn help(&self, helper: &Waker) {
        if let Some(inline) = &self.inline {
            inline.help(helper);
        }
    }

    /// Leaves drivers to others who wait, where those do, because the caller does not any more.
    #[inline]
    pub(crate) fn pass_on(&self) {
        if let Some(inline) = &self.inline {
            inline.pass_on();
        }
    }

    /// Does that, and leaves to the runtime what goes on although nobody waits for it any more.
    pub(crate) fn leave(&self) {
        self.pass_on();
        if let (Some(inline), Some(runtime)) = (&self.inline, &self.runtime) {
            inline.look_after(&**runtime);
        }
    }

    /// Notes that nobody can come any more.
    pub(crate) fn forsake(&self) {
        if let Some(inline) = &self.inline {
            inline.forsake();
        }
    }

    /// Drops what nobody can carry on any more.
    pub(crate) fn drop_forsaken(&self) {
        if let Some(inline) = &self.inline {
            inline.drop_forsaken();
        }
    }
}

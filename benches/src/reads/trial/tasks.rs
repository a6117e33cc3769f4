//! Where strategies run tasks of their own, and what time it is for them.

use std::sync::Arc;
use std::time::Duration;

use forebay_batch::{BoxFuture, Runtime, RuntimeGone, TokioRuntime};
use tokio::runtime::Handle;

use crate::reads::backend::Model;
use crate::reads::trial::executor::VirtualRuntime;

/// The runtime of one run, for strategies that need one: tokio's on the clock on the wall, the
/// run's own in virtual time.
#[derive(Clone, Debug)]
pub struct Tasks(Inner);

/// Which of the two it is.
#[derive(Clone, Debug)]
pub(crate) enum Inner {
    Wall(TokioRuntime),
    Virtual(VirtualRuntime),
}

impl Tasks {
    /// Creates a handle to tokio's runtime.
    pub(crate) fn on_the_wall(runtime: &Handle) -> Self {
        let _home = runtime.enter();
        Self(Inner::Wall(TokioRuntime::new()))
    }

    /// Creates the runtime of one run against the model.
    pub(crate) fn in_virtual_time(model: &Arc<Model>) -> Self {
        Self(Inner::Virtual(VirtualRuntime::new(model)))
    }

    /// Returns which of the two it is.
    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }
}

impl Runtime for Tasks {
    fn now(&self) -> Duration {
        match &self.0 {
            Inner::Wall(runtime) => runtime.now(),
            Inner::Virtual(runtime) => runtime.now(),
        }
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        match &self.0 {
            Inner::Wall(runtime) => runtime.sleep_until(deadline),
            Inner::Virtual(runtime) => runtime.sleep_until(deadline),
        }
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        match &self.0 {
            Inner::Wall(runtime) => runtime.spawn(task),
            Inner::Virtual(runtime) => runtime.spawn(task),
        }
    }
}

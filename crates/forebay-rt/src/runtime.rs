use std::fmt;
use std::pin::Pin;
use std::time::Duration;

/// A future in a box, as runtimes take and give it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where a stage takes its time from and runs its tasks.
///
/// With the `tokio` feature it is `TokioRuntime`, unless the builder of the stage is given another.
/// What a stage cannot do without any is said by that stage.
///
/// Stages ask for the time at every call that has a deadline, so [`now`](Runtime::now) should be
/// cheap. Those who wait with a deadline share one sleep of their stage, in one task.
///
/// # Examples
///
/// A clock that is moved by hand, and an executor of threads:
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use forebay_rt::{BoxFuture, Runtime, RuntimeGone};
///
/// struct Threads {
///     millis: Arc<AtomicU64>,
/// }
///
/// impl Runtime for Threads {
///     fn now(&self) -> Duration {
///         Duration::from_millis(self.millis.load(Ordering::Relaxed))
///     }
///
///     fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
///         let millis = Arc::clone(&self.millis);
///         Box::pin(std::future::poll_fn(move |cx| {
///             if Duration::from_millis(millis.load(Ordering::Relaxed)) >= deadline {
///                 return std::task::Poll::Ready(());
///             }
///             cx.waker().wake_by_ref();
///             std::task::Poll::Pending
///         }))
///     }
///
///     fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
///         let thread = std::thread::Builder::new();
///         let spawned = thread.spawn(|| futures::executor::block_on(task));
///         spawned.map(drop).map_err(|_| RuntimeGone::new())
///     }
/// }
///
/// let millis = Arc::new(AtomicU64::new(0));
/// let runtime = Threads { millis: Arc::clone(&millis) };
/// let (woken, is_woken) = std::sync::mpsc::channel();
/// let sleep = runtime.sleep_until(Duration::from_millis(5));
/// runtime.spawn(Box::pin(async move {
///     sleep.await;
///     woken.send(()).unwrap();
/// }))?;
/// millis.store(5, Ordering::Relaxed);
/// is_woken.recv().unwrap();
/// # Ok::<(), RuntimeGone>(())
/// ```
pub trait Runtime: Send + Sync + 'static {
    /// Returns the time since some fixed point. It never goes back.
    ///
    /// It is not the time of day: nothing is decided by that, which may be set back.
    fn now(&self) -> Duration;

    /// Returns a future that is ready once [`now`](Runtime::now) has reached `deadline`.
    ///
    /// It may be late, never early. It may panic when it is polled where there is no timer: a stage
    /// takes that for a runtime that is gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the timer.
    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()>;

    /// Runs `task` to its end in the background, or drops it when the runtime shuts down.
    ///
    /// A stage notices a task that was dropped, and lets those who waited for it begin another, or
    /// tells them so. One that is neither polled nor dropped keeps them waiting.
    ///
    /// # Errors
    ///
    /// [`RuntimeGone`] if there is no runtime to run it.
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone>;
}

/// There is no runtime to run a task on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RuntimeGone;

impl RuntimeGone {
    /// Creates the error, for runtimes of your own.
    ///
    /// # Examples
    ///
    /// See [`Runtime`].
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Default for RuntimeGone {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RuntimeGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no runtime to run the task on")
    }
}

impl std::error::Error for RuntimeGone {}

#[cfg(feature = "tokio")]
pub use self::tokio_runtime::TokioRuntime;

#[cfg(feature = "tokio")]
mod tokio_runtime {
    use std::time::Duration;

    use tokio::runtime::Handle;
    use tokio::time::Instant;

    use super::{BoxFuture, Runtime, RuntimeGone};

    /// Tokio's clock, which tests can pause, and the tokio runtime of the caller.
    ///
    /// Tasks run on the runtime of the call that needs them; where a call is made outside any, on
    /// the runtime in which this value was created. So one stage may serve several runtimes, as
    /// tests have one each, and outlives any of them.
    ///
    /// The runtime must have its timers enabled for whatever has a deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_rt::{Runtime, TokioRuntime};
    ///
    /// # let mut tokio = tokio::runtime::Builder::new_current_thread();
    /// # tokio.enable_time().start_paused(true).build().unwrap().block_on(async {
    /// // In a test with a paused clock, which goes on by itself once every task waits.
    /// let runtime = TokioRuntime::new();
    /// let deadline = runtime.now() + Duration::from_secs(3_600);
    /// runtime.sleep_until(deadline).await;
    /// assert!(runtime.now() >= deadline);
    /// # });
    /// ```
    #[derive(Clone, Debug)]
    pub struct TokioRuntime {
        origin: Instant,
        home: Option<Handle>,
    }

    /// What the clock shows at the origin: time before it can be told too, which a paused clock
    /// needs.
    const AT_ORIGIN: Duration = Duration::from_secs(1 << 31);

    impl TokioRuntime {
        /// Creates a handle to tokio's clock and to the runtime of the caller, if there is one.
        ///
        /// # Examples
        ///
        /// See [`TokioRuntime`].
        #[must_use]
        pub fn new() -> Self {
            Self {
                origin: Instant::now(),
                home: Handle::try_current().ok(),
            }
        }
    }

    impl Default for TokioRuntime {
        fn default() -> Self {
            Self::new()
        }
    }

    impl Runtime for TokioRuntime {
        #[inline]
        fn now(&self) -> Duration {
            let now = Instant::now();
            match now.checked_duration_since(self.origin) {
                Some(after) => AT_ORIGIN + after,
                None => AT_ORIGIN.saturating_sub(self.origin - now),
            }
        }

        fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
            let wait = deadline.saturating_sub(self.now());
            Box::pin(async move { tokio::time::sleep(wait).await })
        }

        fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
            let caller = Handle::try_current().ok();
            let handle = caller.as_ref().or(self.home.as_ref()).ok_or(RuntimeGone)?;
            handle.spawn(task);
            Ok(())
        }
    }
}

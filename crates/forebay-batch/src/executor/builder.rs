use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use forebay_core::ConfigError;
use forebay_rt::Runtime;

use crate::desk::Desk;
use crate::desk::hooks::{GroupBy, Hooks, Permits, Weigh};
use crate::desk::settings::Settings;
use crate::execute::Execute;
use crate::executor::Executor;
use crate::executor::sending::Backend;
use crate::executor::values::Values;
use crate::policy::Dispatch;
use crate::queue::Rules;

/// Builds an [`Executor`] with settings of its own.
///
/// # Examples
///
/// Rows whose names begin alike stay in order, others may overtake one another:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/inserts.rs"));
/// use forebay_batch::{Dispatch, Executor};
///
/// # fn main() -> Result<(), forebay_batch::ConfigError> {
/// let inserts = Executor::builder(Inserts)
///     .name("inserts")
///     .max_batch(500)
///     .weigh(|name| name.len())
///     .max_in_flight(2)
///     .max_waiting(100_000)
///     .dispatch(Dispatch::Natural)
///     .gather(4)
///     .group_by(|name| name.chars().next())
///     .inline()
///     .build()?;
/// # futures::executor::block_on(inserts.execute("Ada")).unwrap();
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct ExecutorBuilder<X, T, G = ()>
where
    X: Execute<T>,
{
    backend: X,
    group: Option<GroupBy<T, G>>,
    weigh: Option<Weigh<T>>,
    rules: Rules,
    settings: Settings<X::Error>,
}

impl<X, T> ExecutorBuilder<X, T>
where
    X: Execute<T>,
{
    pub(crate) fn new(backend: X) -> Self {
        Self {
            backend,
            group: None,
            weigh: None,
            rules: Rules {
                calls_max: 1,
                ..Rules::default()
            },
            settings: Settings::new("execute"),
        }
    }

    /// Keeps values of different groups in different calls.
    ///
    /// Order holds within a group. The bound on calls in flight holds for all of them together. A
    /// group costs memory only while values of it wait or run.
    ///
    /// # Examples
    ///
    /// See [`ExecutorBuilder`].
    pub fn group_by<G>(
        self,
        group: impl Fn(&T) -> G + Send + Sync + 'static,
    ) -> ExecutorBuilder<X, T, G> {
        let group: GroupBy<T, G> = Box::new(group);
        ExecutorBuilder {
            group: Some(group),
            backend: self.backend,
            weigh: self.weigh,
            rules: self.rules,
            settings: self.settings,
        }
    }
}

impl<X, T, G> ExecutorBuilder<X, T, G>
where
    X: Execute<T>,
{
    /// Sets the largest weight of the values in one call, which is their number unless they are
    /// [weighed](ExecutorBuilder::weigh). By default 1,000. No call is ever larger, but that of a
    /// single value which alone weighs more.
    ///
    /// # Examples
    ///
    /// See [`ExecutorBuilder`].
    pub const fn max_batch(mut self, max: usize) -> Self {
        self.rules.batch_max = max;
        self
    }

    /// Sets how many calls may be in flight at once. By default 1, which keeps the order of
    /// submission from one call to the next; with more, calls may overtake one another.
    ///
    /// A call that another one waits for, because the backend executes through its own executor,
    /// comes on top.
    ///
    /// # Examples
    ///
    /// See [`ExecutorBuilder`].
    pub const fn max_in_flight(mut self, max: usize) -> Self {
        self.rules.calls_max = max;
        self
    }

    /// Sets when waiting values leave. By default [`Dispatch::Natural`].
    ///
    /// # Examples
    ///
    /// See [`ExecutorBuilder`].
    pub const fn dispatch(mut self, policy: Dispatch) -> Self {
        self.rules.dispatch = policy;
        self
    }

    /// Sets how many rounds of its executor a call waits at most for further values to come, as
    /// [`Builder::gather`](crate::Builder::gather) does for keys.
    ///
    /// # Examples
    ///
    /// See [`ExecutorBuilder`].
    pub const fn gather(mut self, rounds: u32) -> Self {
        self.settings.rounds = rounds;
        self
    }

    /// Bounds how many values may wait; further ones are
    /// [`Rejected`](forebay_core::LoadError::Rejected) at once. By default they are not bounded.
    ///
    /// # Examples
    ///
    /// See [`ExecutorBuilder`].
    pub const fn max_waiting(mut self, max: usize) -> Self {
        self.rules.waiting_max = max;
        self
    }

    /// Bounds how long one call of the backend may take. By default it is not bounded.
    ///
    /// A call that takes longer is dropped, whatever it has done by then, and its values fail with
    /// [`TimedOut`](forebay_core::LoadError::TimedOut).
    ///
    /// # Examples
    ///
    /// As for [`Builder`](crate::Builder).
    pub const fn call_timeout(mut self, timeout: Duration) -> Self {
        self.settings.call_timeout = Some(timeout);
        self
    }

    /// Sets where calls run and time comes from, as [`Builder::runtime`](crate::Builder::runtime).
    ///
    /// # Examples
    ///
    /// As for [`Builder`](crate::Builder).
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.settings.runtime = Some(Arc::new(runtime));
        self
    }

    /// Lets those who wait carry out the calls, as [`Builder::inline`](crate::Builder::inline).
    ///
    /// A call that nobody waits for any more is carried on by the [`runtime`](Self::runtime), as a
    /// task. Where there is none, it stands still until somebody comes: the next submission, or who
    /// [`drain`](Executor::drain)s. With the last clone of the executor nobody can come any more, and
    /// the call is dropped, whatever it has done by then; drain before that.
    ///
    /// # Examples
    ///
    /// See [`ExecutorBuilder`].
    pub const fn inline(mut self) -> Self {
        self.settings.inline = true;
        self
    }

    /// Sets what a value weighs against [`max_batch`](ExecutorBuilder::max_batch). At least 1 is
    /// counted. By default every value weighs 1.
    ///
    /// # Examples
    ///
    /// See [`ExecutorBuilder`].
    pub fn weigh(mut self, weigh: impl Fn(&T) -> usize + Send + Sync + 'static) -> Self {
        self.weigh = Some(Box::new(weigh));
        self
    }

    /// Sets what a call has to wait for before it takes its values, as
    /// [`Builder::permits`](crate::Builder::permits).
    ///
    /// # Examples
    ///
    /// As for [`Builder`](crate::Builder).
    pub fn permits<F, Fut, P>(mut self, ask: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<P, X::Error>> + Send + 'static,
        P: Send + 'static,
        X::Error: 'static,
    {
        self.settings.permits = Some(Permits::new(ask));
        self
    }

    /// Names the executor in spans and metrics.
    ///
    /// # Examples
    ///
    /// See [`ExecutorBuilder`].
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into().into_boxed_str();
        self
    }

    /// Builds the executor. No runtime is needed for that.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for settings that make no sense: a maximum or a time of zero, or nothing to
    /// run calls or timers on.
    ///
    /// # Examples
    ///
    /// See [`ExecutorBuilder`].
    pub fn build(self) -> Result<Executor<T, X::Output, X::Error, G>, ConfigError>
    where
        T: Send + 'static,
        X: Send + Sync + 'static,
        X::Output: Send + 'static,
        X::Error: Send + Sync + 'static,
        G: Eq + Hash + Send + 'static,
    {
        self.check()?;
        Ok(self.build_unchecked())
    }

    /// Whether the settings make sense.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.settings.check(&self.rules)
    }

    pub(crate) fn build_unchecked(self) -> Executor<T, X::Output, X::Error, G>
    where
        T: Send + 'static,
        X: Send + Sync + 'static,
        X::Output: Send + 'static,
        X::Error: Send + Sync + 'static,
        G: Eq + Hash + Send + 'static,
    {
        let hooks = Hooks::new(RandomState::default(), self.group, self.weigh);
        let window = self.rules.window();
        let values = Values::new(self.rules);
        let carrier = Arc::new(Backend(Arc::new(self.backend)));
        Executor::from_shared(Desk::open(values, hooks, carrier, window, self.settings))
    }
}

impl<X, T, G> fmt::Debug for ExecutorBuilder<X, T, G>
where
    X: Execute<T>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutorBuilder")
            .field("name", &self.settings.name)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

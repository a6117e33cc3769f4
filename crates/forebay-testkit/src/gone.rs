/// What a [`HandRuntime`](crate::HandRuntime) that was shut down does with a new task.
///
/// Runtimes differ in it, and whoever spawns has to bear both: where the refusal is an error, it can
/// be passed on at once; where the task is dropped in silence, only what its destructor does is seen.
///
/// # Examples
///
/// ```
/// use forebay_rt::Runtime;
/// use forebay_testkit::{Gone, HandRuntime};
///
/// for gone in Gone::ALL {
///     let runtime = HandRuntime::new();
///     runtime.shut_down(gone);
///     let spawned = runtime.spawn(Box::pin(async {}));
///     assert_eq!(spawned.is_err(), gone == Gone::Refuses);
///     assert_eq!(runtime.tasks(), 0);
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Gone {
    /// It refuses the task, with [`RuntimeGone`](forebay_rt::RuntimeGone).
    Refuses,
    /// It takes the task and drops it at once, as tokio does.
    Drops,
}

impl Gone {
    /// Both of them, for tests that should hold for either.
    pub const ALL: [Self; 2] = [Self::Refuses, Self::Drops];
}

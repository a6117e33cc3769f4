use forebay_core::{Checkpoint, CheckpointStore, Commit, ResumeKey};

/// What the checks need of whoever runs them: stores, and a way to their claims.
///
/// # Examples
///
/// ```
/// # mod shelf {
/// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/shelf.rs"));
/// # }
/// # use shelf::Shelf;
/// use std::convert::Infallible;
///
/// use forebay_core::{Checkpoint, CheckpointStore, Commit, ResumeKey};
/// use forebay_testkit::checkpoint_store::{Fixture, violations};
///
/// /// Stores that are shared by cloning them, outlast nothing, and have no claims.
/// struct Plain<S>(fn() -> S);
///
/// impl<S: CheckpointStore + Clone> Fixture for Plain<S> {
///     type Store = S;
///     type Claim = Infallible;
///
///     async fn fresh(&self) -> S {
///         (self.0)()
///     }
///
///     async fn sibling(&self, store: &S) -> Option<S> {
///         Some(store.clone())
///     }
///
///     async fn reopen(&self, store: S) -> S {
///         store
///     }
///
///     async fn claim(&self, _: &S, _: &ResumeKey) -> Option<Result<Infallible, S::Error>> {
///         None
///     }
///
///     fn token(&self, claim: &Infallible) -> u64 {
///         match *claim {}
///     }
///
///     async fn commit_claimed(
///         &self,
///         claim: &Infallible,
///         _: Checkpoint,
///     ) -> Result<Commit, S::Error> {
///         match *claim {}
///     }
///
///     fn is_fenced(&self, _: &S::Error) -> bool {
///         false
///     }
/// }
///
/// let fixture = Plain(Shelf::default);
/// assert_eq!(futures::executor::block_on(violations(&fixture)), []);
/// ```
pub trait Fixture {
    /// The store that is checked.
    type Store: CheckpointStore;

    /// A claim of the store; [`Infallible`](std::convert::Infallible) where it has none.
    type Claim;

    /// Returns a store without keys that shares nothing with any other one.
    ///
    /// # Cancel safety
    ///
    /// The checks do not drop it before it is done.
    fn fresh(&self) -> impl Future<Output = Self::Store>;

    /// Returns another handle to the same store, as another process or another part of this one
    /// would open it; `None` where a store has one handle only.
    ///
    /// # Cancel safety
    ///
    /// The checks do not drop it before it is done.
    fn sibling(&self, store: &Self::Store) -> impl Future<Output = Option<Self::Store>>;

    /// Returns the store as the next process finds it, as hard an end as it is meant to survive.
    ///
    /// It is called where the store's guarantee says that something survives.
    ///
    /// # Cancel safety
    ///
    /// The checks do not drop it before it is done.
    fn reopen(&self, store: Self::Store) -> impl Future<Output = Self::Store>;

    /// Claims a key; `None` where the store has no claims.
    ///
    /// # Errors
    ///
    /// As the store's.
    ///
    /// # Cancel safety
    ///
    /// The checks do not drop it before it is done.
    fn claim(
        &self,
        store: &Self::Store,
        key: &ResumeKey,
    ) -> impl Future<Output = Option<Result<Self::Claim, ErrorOf<Self>>>>;

    /// Returns the fencing token of a claim.
    ///
    /// The checks compare tokens of one key only: each claim must have a higher one than the claim
    /// before it.
    fn token(&self, claim: &Self::Claim) -> u64;

    /// Commits through a claim, whether or not it still holds.
    ///
    /// The checks call it for claims that were taken since, to see that nothing is stored.
    ///
    /// # Errors
    ///
    /// As the store's.
    ///
    /// # Cancel safety
    ///
    /// The checks do not drop it before it is done.
    fn commit_claimed(
        &self,
        claim: &Self::Claim,
        checkpoint: Checkpoint,
    ) -> impl Future<Output = Result<Commit, ErrorOf<Self>>>;

    /// Returns whether this error says that a claim was taken, and not that a call failed.
    fn is_fenced(&self, error: &ErrorOf<Self>) -> bool;
}

/// How the store of a fixture fails.
pub(super) type ErrorOf<S> = <<S as Fixture>::Store as CheckpointStore>::Error;

/// Carries out many values in one backend call: inserts, updates, messages.
///
/// The values are in the order in which they were submitted, each one as often as it was: mutations
/// are never merged.
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
///
/// use forebay_batch::{Execute, ExecuteResults};
///
/// struct Inserts;
///
/// impl Execute<String> for Inserts {
///     type Output = u64;
///     type Error = Infallible;
///
///     async fn execute(
///         &self,
///         names: Vec<String>,
///     ) -> ExecuteResults<u64, Infallible> {
///         // INSERT INTO users (name) SELECT * FROM unnest(names) RETURNING id
///         Ok((1..).take(names.len()).map(Ok).collect())
///     }
/// }
///
/// let ids = futures::executor::block_on(Inserts.execute(vec!["a".to_owned()]));
/// assert_eq!(ids, Ok(vec![Ok(1)]));
/// ```
pub trait Execute<T> {
    /// What carrying out a value gives.
    type Output: Send;

    /// How the backend fails.
    type Error: Send + Sync;

    /// Carries out `values` and returns a result for each, in their order.
    ///
    /// A list of another length is of no use, since nobody could say which result is whose: every
    /// caller gets an error.
    ///
    /// # Errors
    ///
    /// A failure of the whole call, which every caller gets. A failure of one value is a result.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped only when it takes longer than the bound on calls that the user set,
    /// and when the runtime ends.
    fn execute(
        &self,
        values: Vec<T>,
    ) -> impl Future<Output = ExecuteResults<Self::Output, Self::Error>> + Send;
}

/// What a call gives: a result for each value, in their order, or a failure of the whole call.
pub type ExecuteResults<O, E> = Result<Vec<Result<O, E>>, E>;

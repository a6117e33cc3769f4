//! Batches in front of a tower service.

pub(crate) mod inner;

use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use forebay_core::ConfigError;
use forebay_rt::BoxFuture;
use tower_layer::Layer;
use tower_service::Service;

use crate::error::ExecuteError;
use crate::executor::Executor;
use crate::executor::builder::ExecutorBuilder;
use crate::tower::inner::InnerService;

/// A [`Layer`] that sends requests to a service in batches.
///
/// The inner service takes a list of requests and answers with a list of results, one for each in
/// their order. In front of it, each request is sent by itself and gets its own response. The
/// requests are those of an [`Executor`], with all that it promises: none is merged, sent twice or
/// left out, and they are sent in the order in which their futures are polled first.
///
/// # Back-pressure
///
/// The layered service is always ready. A request takes its place when its future is polled, so a
/// service that was made ready and is then not called keeps nobody else from being served.
/// Where too much waits, requests fail at once: bound it with
/// [`max_waiting`](ExecutorBuilder::max_waiting).
///
/// A batch takes its requests only when a clone of the inner service is ready, and requests that
/// come until then go along. A limit of the inner service, such as one on concurrency, therefore
/// makes batches larger, and never smaller ones wait behind one another. Where it fails to become
/// ready, the requests that would have left do.
///
/// # Examples
///
/// ```
/// # use std::convert::Infallible;
/// # use std::future::{Ready, ready};
/// # use std::task::{Context, Poll};
/// # #[derive(Clone)]
/// # struct Inserts;
/// # impl tower_service::Service<Vec<&'static str>> for Inserts {
/// #     type Response = Vec<Result<usize, Infallible>>;
/// #     type Error = Infallible;
/// #     type Future = Ready<Result<Self::Response, Infallible>>;
/// #     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
/// #         Poll::Ready(Ok(()))
/// #     }
/// #     fn call(&mut self, rows: Vec<&'static str>) -> Self::Future {
/// #         ready(Ok(rows.iter().map(|row| Ok(row.len())).collect()))
/// #     }
/// # }
/// use forebay_batch::BatchLayer;
/// use tower_layer::Layer;
/// use tower_service::Service;
///
/// # fn main() -> Result<(), forebay_batch::ConfigError> {
/// let layer = BatchLayer::new(|settings| settings.max_batch(500).max_waiting(10_000).inline())?;
/// let mut inserts = layer.layer(Inserts);
/// let both = (inserts.call("water"), inserts.call("mill"));
/// let both = futures::executor::block_on(async { futures::join!(both.0, both.1) });
/// assert_eq!(both, (Ok(5), Ok(4)));
/// # Ok(())
/// # }
/// ```
pub struct BatchLayer<R, O, E, F, G = ()> {
    settings: F,
    types: PhantomData<Types<R, O, E, G>>,
}

/// It holds none of them.
type Types<R, O, E, G> = fn(R) -> (O, E, G);

/// The service of a [`BatchLayer`]. Its clones share their batches.
pub struct BatchService<R, O, E, G = ()> {
    executor: Executor<R, O, E, G>,
}

/// The future of a [`BatchService`].
///
/// # Cancel safety
///
/// Dropping it takes the request back if it was not sent yet. What was sent runs to its end, and
/// only its response is lost.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture<O, E> {
    response: BoxFuture<'static, Result<O, ExecuteError<E>>>,
}

impl<R, O, E, F, G> BatchLayer<R, O, E, F, G>
where
    F: Fn(
        ExecutorBuilder<InnerService<R, O, E>, R>,
    ) -> ExecutorBuilder<InnerService<R, O, E>, R, G>,
    R: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
{
    /// Creates a layer whose services have these settings, and batches of their own.
    ///
    /// `settings` is called for each service, and once more to see whether they make sense. What a
    /// call waits for before it takes its requests is the inner service, whatever
    /// [`permits`](ExecutorBuilder::permits) they set.
    ///
    /// # Errors
    ///
    /// As of [`ExecutorBuilder::build`].
    ///
    /// # Examples
    ///
    /// See [`BatchLayer`].
    pub fn new(settings: F) -> Result<Self, ConfigError> {
        settings(ExecutorBuilder::new(InnerService::absent())).check()?;
        let types = PhantomData;
        Ok(Self { settings, types })
    }
}

impl<R, O, E, G> BatchService<R, O, E, G>
where
    R: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    /// Creates a service in front of `inner`, as a [`BatchLayer`] with these settings does.
    ///
    /// # Errors
    ///
    /// As of [`ExecutorBuilder::build`].
    pub fn new<T, F>(inner: T, settings: F) -> Result<Self, ConfigError>
    where
        T: Service<Vec<R>, Response = Vec<Result<O, E>>, Error = E> + Clone + Send + 'static,
        T::Future: Send,
        F: FnOnce(
            ExecutorBuilder<InnerService<R, O, E>, R>,
        ) -> ExecutorBuilder<InnerService<R, O, E>, R, G>,
    {
        let builder = InnerService::before(inner, settings);
        builder.check()?;
        let executor = builder.build_unchecked();
        Ok(Self { executor })
    }

    /// Returns the executor that sends the requests: to let them go, to close and drain it, and to
    /// see what it has done.
    #[must_use]
    pub const fn executor(&self) -> &Executor<R, O, E, G> {
        &self.executor
    }
}

impl<T, R, O, E, F, G> Layer<T> for BatchLayer<R, O, E, F, G>
where
    T: Service<Vec<R>, Response = Vec<Result<O, E>>, Error = E> + Clone + Send + 'static,
    T::Future: Send,
    F: Fn(
        ExecutorBuilder<InnerService<R, O, E>, R>,
    ) -> ExecutorBuilder<InnerService<R, O, E>, R, G>,
    R: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    type Service = BatchService<R, O, E, G>;

    fn layer(&self, inner: T) -> Self::Service {
        let builder = InnerService::before(inner, &self.settings);
        BatchService {
            executor: builder.build_unchecked(),
        }
    }
}

impl<R, O, E, G> Service<R> for BatchService<R, O, E, G>
where
    R: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    type Response = O;
    type Error = ExecuteError<E>;
    type Future = ResponseFuture<O, E>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let executor = self.executor.clone();
        ResponseFuture {
            response: Box::pin(async move { executor.execute(request).await }),
        }
    }
}

impl<O, E> Future for ResponseFuture<O, E> {
    type Output = Result<O, ExecuteError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.response.as_mut().poll(cx)
    }
}

impl<R, O, E, F: Clone, G> Clone for BatchLayer<R, O, E, F, G> {
    fn clone(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            types: PhantomData,
        }
    }
}

impl<R, O, E, G> Clone for BatchService<R, O, E, G> {
    fn clone(&self) -> Self {
        Self {
            executor: self.executor.clone(),
        }
    }
}

impl<R, O, E, F, G> fmt::Debug for BatchLayer<R, O, E, F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchLayer").finish_non_exhaustive()
    }
}

impl<R, O, E, G> fmt::Debug for BatchService<R, O, E, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchService")
            .field("executor", &self.executor)
            .finish()
    }
}

impl<O, E> fmt::Debug for ResponseFuture<O, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

//! Singleflight in front of a tower service.

use std::fmt;
use std::future::poll_fn;
use std::hash::{BuildHasher, Hash};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use foldhash::fast::RandomState;
use forebay_core::LoadError;
use forebay_rt::BoxFuture;
use tower_layer::Layer;
use tower_service::Service;

use crate::singleflight::Singleflight;

/// A [`Layer`] that makes one call of concurrent requests with one key.
///
/// The key function looks at a request and says what makes it the same as another one, or `None`
/// for a request that must not be shared, such as a write. Whatever tells tenants and permissions
/// apart belongs in the key.
///
/// # Back-pressure
///
/// The layered service is always ready: whether a request leads or follows is known only once it
/// is called, and a follower must not hold what the inner service gives out when it is ready, such
/// as a permit of a concurrency limit. A leader makes a clone of the inner service ready in its own
/// future and then calls it. To shed load at this point, bound the leaders:
/// [`Builder::max_leaders`](crate::Builder::max_leaders).
///
/// Put it outside of timeouts and retries of single attempts, and inside of what looks at one
/// request alone, such as authorisation: whoever gets a shared response must have been let in.
///
/// # Examples
///
/// Two requests for one path are one call of the service; writes are never shared:
///
/// ```
/// # use std::convert::Infallible;
/// # use std::sync::Arc;
/// # use std::sync::atomic::{AtomicU32, Ordering};
/// # use std::task::{Context, Poll};
/// use forebay_singleflight::{Singleflight, SingleflightLayer};
/// use tower_layer::Layer;
/// use tower_service::Service;
///
/// /// Answers with how many calls it has had, once others have run.
/// #[derive(Clone, Default)]
/// struct Counting(Arc<AtomicU32>);
/// # impl Service<&'static str> for Counting {
/// #     type Response = u32;
/// #     type Error = Infallible;
/// #     type Future = futures::future::BoxFuture<'static, Result<u32, Infallible>>;
/// #     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
/// #         Poll::Ready(Ok(()))
/// #     }
/// #     fn call(&mut self, _: &'static str) -> Self::Future {
/// #         let calls = Arc::clone(&self.0);
/// #         let mut stepped_back = false;
/// #         Box::pin(std::future::poll_fn(move |cx| {
/// #             cx.waker().wake_by_ref();
/// #             if !std::mem::replace(&mut stepped_back, true) { return Poll::Pending; }
/// #             Poll::Ready(Ok(calls.fetch_add(1, Ordering::Relaxed) + 1))
/// #         }))
/// #     }
/// # }
///
/// let group = Singleflight::<&str, u32, Infallible>::new();
/// let layer = SingleflightLayer::new(group, |path: &&'static str| {
///     path.starts_with("/read/").then_some(*path)
/// });
/// let mut service = layer.layer(Counting::default());
///
/// let reads = futures::future::join(service.call("/read/7"), service.call("/read/7"));
/// assert_eq!(futures::executor::block_on(reads), (Ok(1), Ok(1)));
/// let writes = futures::future::join(service.call("/write/7"), service.call("/write/7"));
/// assert_eq!(futures::executor::block_on(writes), (Ok(2), Ok(3)));
/// ```
pub struct SingleflightLayer<K, V, E, F, S = RandomState> {
    group: Singleflight<K, V, E, S>,
    key: Arc<F>,
}

/// The service of a [`SingleflightLayer`].
///
/// Clones share the group, as do all services of one layer. A call costs a box for its future, and
/// a clone of the inner service. Its error is a [`LoadError`], whose
/// [`backend`](LoadError::backend) is that of the inner service.
pub struct SingleflightService<T, K, V, E, F, S = RandomState> {
    inner: T,
    group: Singleflight<K, V, E, S>,
    key: Arc<F>,
}

/// The future of a [`SingleflightService`].
///
/// # Cancel safety
///
/// Dropping it takes the request out of its flight, as [`Work`](crate::Work) does: a response that
/// was under way is dropped, and the youngest of those who wait for it sends its own request. One
/// without a key is dropped with its call of the inner service.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture<V, E> {
    response: BoxFuture<'static, Result<V, LoadError<E>>>,
}

impl<K, V, E, F, S> SingleflightLayer<K, V, E, F, S> {
    /// Creates a layer whose services all share `group`; requests are told apart by `key`.
    ///
    /// `key` runs once for each request, in the caller's task and under no lock.
    ///
    /// # Examples
    ///
    /// See [`SingleflightLayer`].
    pub fn new<R>(group: Singleflight<K, V, E, S>, key: F) -> Self
    where
        F: Fn(&R) -> Option<K>,
    {
        Self {
            group,
            key: Arc::new(key),
        }
    }
}

impl<T, K, V, E, F, S> Layer<T> for SingleflightLayer<K, V, E, F, S> {
    type Service = SingleflightService<T, K, V, E, F, S>;

    fn layer(&self, inner: T) -> Self::Service {
        SingleflightService {
            inner,
            group: self.group.clone(),
            key: Arc::clone(&self.key),
        }
    }
}

impl<T, R, K, V, E, F, S> Service<R> for SingleflightService<T, K, V, E, F, S>
where
    T: Service<R, Response = V, Error = E> + Clone + Send + 'static,
    T::Future: Send,
    R: Send + 'static,
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    F: Fn(&R) -> Option<K>,
    S: BuildHasher + Send + Sync + 'static,
{
    type Response = V;
    type Error = LoadError<E>;
    type Future = ResponseFuture<V, E>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let key = (self.key)(&request);
        let mut inner = self.inner.clone();
        let call = move || async move {
            poll_fn(|cx| inner.poll_ready(cx)).await?;
            inner.call(request).await
        };
        let response: BoxFuture<'static, _> = match key {
            Some(key) => Box::pin(self.group.try_work_owned(key, call)),
            None => Box::pin(async move { call().await.map_err(LoadError::from) }),
        };
        ResponseFuture { response }
    }
}

impl<V, E> Future for ResponseFuture<V, E> {
    type Output = Result<V, LoadError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.response.as_mut().poll(cx)
    }
}

impl<K, V, E, F, S> Clone for SingleflightLayer<K, V, E, F, S> {
    fn clone(&self) -> Self {
        Self {
            group: self.group.clone(),
            key: Arc::clone(&self.key),
        }
    }
}

impl<T: Clone, K, V, E, F, S> Clone for SingleflightService<T, K, V, E, F, S> {
    fn clone(&self) -> Self {
        let Self { inner, group, key } = self;
        Self {
            inner: inner.clone(),
            group: group.clone(),
            key: Arc::clone(key),
        }
    }
}

impl<K, V, E, F, S> fmt::Debug for SingleflightLayer<K, V, E, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleflightLayer")
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

impl<T, K, V, E, F, S> fmt::Debug for SingleflightService<T, K, V, E, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleflightService")
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

impl<V, E> fmt::Debug for ResponseFuture<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

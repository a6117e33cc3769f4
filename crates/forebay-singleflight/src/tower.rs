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
/// # Examples
///
/// ```
/// use forebay_singleflight::{Singleflight, SingleflightLayer};
///
/// let group = Singleflight::<String, u32, std::io::Error>::new();
/// let layer = SingleflightLayer::new(group, |path: &String| {
///     path.starts_with("/read/").then(|| path.clone())
/// });
/// # let _ = layer;
/// ```
pub struct SingleflightLayer<K, V, E, F, S = RandomState> {
    group: Singleflight<K, V, E, S>,
    key: Arc<F>,
}

/// The service of a [`SingleflightLayer`].
pub struct SingleflightService<T, K, V, E, F, S = RandomState> {
    inner: T,
    group: Singleflight<K, V, E, S>,
    key: Arc<F>,
}

/// The future of a [`SingleflightService`].
///
/// # Cancel safety
///
/// Dropping it takes the request out of its flight, as [`Work`](crate::Work) does.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture<V, E> {
    response: BoxFuture<'static, Result<V, LoadError<E>>>,
}

impl<K, V, E, F, S> SingleflightLayer<K, V, E, F, S> {
    /// Creates a layer whose services all share `group`.
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

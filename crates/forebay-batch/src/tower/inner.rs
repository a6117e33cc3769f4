use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use forebay_rt::BoxFuture;
use forebay_rt::sync::{Mutex, lock};
use tower_service::Service;

use crate::execute::{Execute, ExecuteResults};
use crate::executor::builder::ExecutorBuilder;

/// A service as the backend of an [`Executor`](crate::Executor): each call is one of a clone that is ready.
pub struct InnerService<R, O, E> {
    clones: Arc<dyn Clones<R, O, E>>,
}

impl<R, O, E> InnerService<R, O, E>
where
    R: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
{
    /// Nothing to call, for settings that are only looked at.
    pub(super) fn absent() -> Self {
        Self {
            clones: Arc::new(Absent),
        }
    }

    /// An executor before `inner` with these settings, and what it has to wait for.
    pub(super) fn before<T, F, G>(inner: T, settings: F) -> ExecutorBuilder<Self, R, G>
    where
        T: Service<Vec<R>, Response = Vec<Result<O, E>>, Error = E> + Clone + Send + 'static,
        T::Future: Send,
        F: FnOnce(ExecutorBuilder<Self, R>) -> ExecutorBuilder<Self, R, G>,
    {
        let clones: Arc<dyn Clones<R, O, E>> = Arc::new(Pool::new(inner));
        let service = Self {
            clones: Arc::clone(&clones),
        };
        settings(ExecutorBuilder::new(service)).permits(move || Arc::clone(&clones).ready())
    }
}

impl<R, O, E> Execute<R> for InnerService<R, O, E>
where
    R: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
{
    type Output = O;
    type Error = E;

    fn execute(&self, requests: Vec<R>) -> impl Future<Output = ExecuteResults<O, E>> + Send {
        Arc::clone(&self.clones).call(requests)
    }
}

impl<R, O, E> fmt::Debug for InnerService<R, O, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InnerService").finish_non_exhaustive()
    }
}

/// Clones of a service whose type nobody else knows.
trait Clones<R, O, E>: Send + Sync {
    /// Makes one ready, for the call that gets the permit.
    fn ready(self: Arc<Self>) -> BoxFuture<'static, Result<Permit, E>>;

    /// Calls one that is ready.
    fn call(self: Arc<Self>, requests: Vec<R>) -> BoxFuture<'static, ExecuteResults<O, E>>;
}

struct Pool<T> {
    /// Behind a lock of its own, since services need not be `Sync`. Nothing else happens under it.
    original: Mutex<T>,
    ready: Mutex<Ready<T>>,
}

/// Clones that are ready, each with the number of its permit.
struct Ready<T> {
    clones: Vec<(u64, T)>,
    /// The number of the last permit.
    permits: u64,
}

/// Held by a call. If it has not used a clone, the clone goes with it, and gives back what it holds.
struct Permit(Box<dyn FnMut() + Send>);

impl<T> Pool<T> {
    fn new(original: T) -> Self {
        let ready = Ready {
            clones: Vec::new(),
            permits: 0,
        };
        Self {
            original: Mutex::new(original),
            ready: Mutex::new(ready),
        }
    }
}

impl<T, R, O, E> Clones<R, O, E> for Pool<T>
where
    T: Service<Vec<R>, Response = Vec<Result<O, E>>, Error = E> + Clone + Send + 'static,
    T::Future: Send,
    R: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
{
    fn ready(self: Arc<Self>) -> BoxFuture<'static, Result<Permit, E>> {
        Box::pin(async move {
            let mut clone = lock(&self.original).clone();
            poll_fn(|cx| clone.poll_ready(cx)).await?;
            let number = {
                let mut ready = lock(&self.ready);
                ready.permits += 1;
                let number = ready.permits;
                ready.clones.push((number, clone));
                number
            };
            let pool = self;
            Ok(Permit(Box::new(move || {
                let mut ready = lock(&pool.ready);
                let unused = ready.clones.iter().position(|(of, _)| *of == number);
                let unused = unused.map(|place| ready.clones.swap_remove(place));
                drop(ready);
                drop(unused);
            })))
        })
    }

    fn call(self: Arc<Self>, requests: Vec<R>) -> BoxFuture<'static, ExecuteResults<O, E>> {
        let ready = lock(&self.ready).clones.pop();
        Box::pin(async move {
            let mut clone = match ready {
                Some((_, clone)) => clone,
                // A call that another one waits for goes without a permit.
                None => {
                    let mut clone = lock(&self.original).clone();
                    poll_fn(|cx| clone.poll_ready(cx)).await?;
                    clone
                }
            };
            clone.call(requests).await
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// What stands for a service that is not there.
struct Absent;

impl<R, O: 'static, E: 'static> Clones<R, O, E> for Absent {
    fn ready(self: Arc<Self>) -> BoxFuture<'static, Result<Permit, E>> {
        Box::pin(std::future::pending())
    }

    fn call(self: Arc<Self>, _: Vec<R>) -> BoxFuture<'static, ExecuteResults<O, E>> {
        Box::pin(std::future::pending())
    }
}

//! Carrying out the calls of an executor.

use std::hash::Hash;
use std::pin::pin;
use std::sync::Arc;

use forebay_core::LoadError;
use forebay_rt::BoxFuture;

use crate::desk::Carrier;
use crate::desk::driver::{Calls, Held, drive};
use crate::desk::hooks::Hooks;
use crate::desk::watch::watch;
use crate::error::ExecuteError;
use crate::execute::Execute;
use crate::executor::values::{Executed, Shared, Values};
use crate::queue::Start;
use crate::stats::Tally;

/// A backend of mutations, and the drivers that call it.
pub(crate) struct Backend<X>(pub(crate) Arc<X>);

impl<T, O, E, G, X> Carrier<Values<T, O, E, G>, Hooks<T, G>, E> for Backend<X>
where
    T: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
    X: Execute<T, Output = O, Error = E> + Send + Sync + 'static,
{
    fn carry(&self, desk: Arc<Shared<T, O, E, G>>, start: Start) -> BoxFuture<'static, ()> {
        let sending = Sending(Arc::clone(&self.0));
        Box::pin(drive(sending, Held::new(desk, start)))
    }
}

/// Sending values to a backend.
struct Sending<X>(Arc<X>);

impl<T, O, E, G, X> Calls<Values<T, O, E, G>, Hooks<T, G>, E> for Sending<X>
where
    T: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
    X: Execute<T, Output = O, Error = E> + Send + Sync + 'static,
{
    async fn run(
        &self,
        held: &mut Held<Values<T, O, E, G>, Hooks<T, G>, E>,
        permit: Result<(), LoadError<E>>,
    ) -> Option<Start> {
        let start = held.start()?;
        let sealed = held.desk.work().seal(start, permit.is_ok());
        let Some(sealed) = sealed else {
            held.gave_back();
            return held.desk.release(start);
        };
        held.seals(start, sealed.batch);
        held.desk.go_beside(sealed.beside);
        let sent = sealed.values.len();
        let mut tally = Tally::default();
        let ended = match permit {
            Ok(()) => {
                let span = held.desk.begin_span("execute", start, sent, sealed.seen);
                let call = pin!(span.within(async { self.0.execute(sealed.values).await }));
                // What was sent goes on, whoever waits for it.
                let ended = watch(&held.desk, sealed.batch, call, |_| false).await;
                ended.map_err(|error| match error {
                    // There is no clock to bound the call with; it may have done its work.
                    LoadError::Closed => LoadError::Abandoned,
                    error => error,
                })
            }
            Err(error) => Err(error),
        };
        let results = results(sent, ended, &mut tally);
        held.gave_back();
        let mut landed = {
            let mut values = held.desk.work();
            values.queue.stats.add(tally);
            values.land(start, sealed.batch, results, sealed.positions)
        };
        let starts = std::mem::take(&mut landed.starts);
        landed.wake();
        held.desk.publish(0, sent as u64);
        held.desk.go_on(starts)
    }
}

/// A result for each value of a call, whatever the backend returned.
fn results<O, E>(
    sent: usize,
    ended: Result<Vec<Result<O, E>>, LoadError<E>>,
    tally: &mut Tally,
) -> Vec<Executed<O, E>> {
    let failure = match ended {
        Ok(results) if results.len() == sent => {
            let executed =
                |result: Result<O, E>| result.map_err(|error| LoadError::from(error).into());
            return results.into_iter().map(executed).collect();
        }
        Ok(results) => {
            tally.errors += 1;
            let got = results.len();
            ExecuteError::WrongLength { sent, got }
        }
        Err(error) => {
            tally.failed(&error);
            ExecuteError::Failed(error)
        }
    };
    std::iter::repeat_with(|| Err(failure.clone()))
        .take(sent)
        .collect()
}

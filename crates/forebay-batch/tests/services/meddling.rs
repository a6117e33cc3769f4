//! Requests that leave at the worst moment.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use forebay_batch::{BatchService, BoxFuture, ResponseFuture};
use forebay_testkit::HandRuntime;
use tower_service::Service;

use crate::backend::Error;
use crate::gated::Gated;
use crate::hand::Hand;
use crate::mutations::{Ended, Ledger, Receipt, done};
use crate::{Settings, send};

type Victim = Arc<Mutex<Option<ResponseFuture<Receipt, Error>>>>;

/// Drops a response while it is made ready for it.
#[derive(Clone)]
struct Meddling {
    inner: Gated,
    victim: Victim,
}

impl Service<Vec<u32>> for Meddling {
    type Response = Vec<Result<Receipt, Error>>;
    type Error = Error;
    type Future = BoxFuture<'static, Ended>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let victim = self.victim.lock().expect("nobody panics").take();
        drop(victim);
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, requests: Vec<u32>) -> Self::Future {
        self.inner.call(requests)
    }
}

#[test]
fn clone_that_became_ready_for_nothing_gives_its_permit_back() {
    let (ledger, runtime) = (Ledger::executing(), HandRuntime::default());
    let inner = Gated::new(&ledger, 1);
    let victim = Victim::default();
    let meddling = Meddling {
        inner: inner.clone(),
        victim: Arc::clone(&victim),
    };
    let on = |settings: Settings| settings.runtime(runtime.clone());
    let mut service = BatchService::new(meddling, on).expect("the settings are right");
    let mut response = service.call(1);
    {
        let mut polled = Hand::new(&mut response);
        polled.still_waits();
    }
    *victim.lock().expect("nobody panics") = Some(response);
    runtime.run();
    assert_eq!(ledger.calls().len(), 0);
    assert_eq!((inner.free(), runtime.tasks()), (1, 0));
    // The next call has a clone of its own.
    let next = send(&mut service, 2);
    runtime.run();
    assert_eq!(next.woken(), done(2, 0));
    assert_eq!(inner.free(), 1);
}

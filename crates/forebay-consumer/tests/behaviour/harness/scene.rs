//! A consumer between a log, a store and a handler that a test has in its hand.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use forebay_consumer::{Builder, Consumed, Consumer, Handle};

use crate::harness::clock::Clock;
use crate::harness::script::Script;
use crate::harness::shelf::Shelf;
use crate::harness::worker::Worker;

pub(crate) type Ended = Consumed<Script, Shelf, Worker>;

#[derive(Clone, Default)]
pub(crate) struct Scene {
    pub(crate) clock: Clock,
    pub(crate) log: Script,
    pub(crate) store: Shelf,
    pub(crate) worker: Worker,
}

impl Scene {
    /// A log that is opened so often, with what comes then.
    pub(crate) fn new(plans: impl IntoIterator<Item = Vec<super::script::Event>>) -> Self {
        Self {
            log: Script::new(plans),
            ..Self::default()
        }
    }

    pub(crate) fn storing(self, log: u64, sequence: u64) -> Self {
        Self {
            store: Shelf::with(super::script::at(log, sequence)),
            ..self
        }
    }

    /// Its waits between attempts are shorter than what is named by at most a half.
    pub(crate) fn builder(&self) -> Builder<Script, Shelf, Worker> {
        Consumer::builder(self.log.clone(), self.store.clone(), self.worker.clone())
            .runtime(Arc::new(self.clock.clone()))
            .seed(7)
    }

    pub(crate) fn start(&self) -> Running {
        self.start_with(|builder| builder)
    }

    pub(crate) fn start_with(
        &self,
        set: impl FnOnce(Builder<Script, Shelf, Worker>) -> Builder<Script, Shelf, Worker>,
    ) -> Running {
        let consumer = set(self.builder()).build().unwrap();
        let handle = consumer.handle();
        let mut running = Running::new(handle, consumer.run(), self.clock.clone());
        running.run();
        running
    }
}

/// A consumer that is polled whenever it is woken.
pub(crate) struct Running {
    pub(crate) handle: Handle,
    future: Option<Pin<Box<dyn Future<Output = Ended> + Send>>>,
    woken: Arc<Woken>,
    clock: Clock,
    ended: Option<Ended>,
}

pub(crate) struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl Running {
    fn new(
        handle: Handle,
        future: impl Future<Output = Ended> + Send + 'static,
        clock: Clock,
    ) -> Self {
        Self {
            handle,
            future: Some(Box::pin(future)),
            woken: Arc::new(Woken(AtomicBool::new(true))),
            clock,
            ended: None,
        }
    }

    /// Polls until it waits for something.
    pub(crate) fn run(&mut self) {
        for _ in 0..1_000_000 {
            if !self.woken.0.swap(false, SeqCst) || self.ended.is_some() {
                return;
            }
            let Some(future) = &mut self.future else {
                return;
            };
            let waker = Waker::from(Arc::clone(&self.woken));
            if let Poll::Ready(ended) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                self.ended = Some(ended);
            }
        }
        panic!("it wakes itself for ever");
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
        self.run();
    }

    pub(crate) fn stop(&mut self) {
        self.handle.stop();
        self.run();
    }

    /// What is there while somebody could wake it.
    pub(crate) fn task(&self) -> Weak<Woken> {
        Arc::downgrade(&self.woken)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    pub(crate) fn end(mut self) -> Ended {
        self.run();
        self.ended.expect("it has ended")
    }
}

// What stands for a log, a store, a handler and a clock in the examples of the documentation.

/// A log of orders, each with its number as its sequence, that is closed behind the last one. Who has
/// a position of another log is told so.
fn orders(
    numbers: std::ops::RangeInclusive<u64>,
) -> impl forebay_consumer::Follow<Items = forebay_consumer::Received<u64>, Error = std::io::Error> {
    use forebay_consumer::{FollowError, Received, Step};
    use forebay_core::{Checkpoint, Cursor, LogId};

    let log = LogId::new(1);
    forebay_consumer::follow_fn(move |from: Option<Checkpoint>| {
        let is_stale = from.as_ref().is_some_and(|from| from.log() != log);
        let known = from.map_or(0, |from| from.sequence().get());
        let news = numbers.clone().filter(|number| *number > known);
        let all = news.fold(Received::new(), |all, number| {
            all.and(number).reaching(Cursor::new(log, number.into()))
        });
        async move {
            if is_stale {
                return Err(FollowError::Stale(std::io::Error::other("another log")));
            }
            Ok(futures::stream::iter([Ok(Step::Items(all))]))
        }
    })
}

/// A place for the position of one consumer.
fn position() -> (forebay_checkpoint::MemoryStore, forebay_core::ResumeKey) {
    let key = forebay_core::ResumeKey::from_bytes([7; 32]);
    (forebay_checkpoint::MemoryStore::new(), key)
}

/// A handler with which all is well.
fn bill() -> impl forebay_consumer::Handler<u64, Error = std::io::Error> {
    forebay_consumer::batches(|_: forebay_consumer::Batch<'_, u64>| std::future::ready(Ok(())))
}

/// A clock that moves on to whatever somebody waits for.
fn clock() -> std::sync::Arc<dyn forebay_consumer::Runtime> {
    #[derive(Default)]
    struct Hasty(std::sync::Mutex<std::time::Duration>);

    impl forebay_consumer::Runtime for Hasty {
        fn now(&self) -> std::time::Duration {
            *self.0.lock().expect("nobody panics")
        }

        fn sleep_until(
            &self,
            deadline: std::time::Duration,
        ) -> forebay_consumer::BoxFuture<'static, ()> {
            let mut now = self.0.lock().expect("nobody panics");
            *now = deadline.max(*now);
            Box::pin(std::future::ready(()))
        }

        fn spawn(
            &self,
            _: forebay_consumer::BoxFuture<'static, ()>,
        ) -> Result<(), forebay_consumer::RuntimeGone> {
            Err(forebay_consumer::RuntimeGone::new())
        }
    }

    std::sync::Arc::new(Hasty::default())
}

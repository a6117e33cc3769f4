use forebay_rt::sync::{Mutex, lock};

use crate::Publisher;

/// A publisher to which one thread appends, and which any thread may end.
///
/// Who appends takes the publisher out of the lock and puts it back, so that what an append brings
/// about happens outside: waking, dropping old events, cloning new ones. Who ends the log while it is
/// out says so in the lock, and then the publisher is closed instead of put back.
pub(crate) struct Writer<T: Send + Sync + 'static> {
    state: Mutex<State<T>>,
}

struct State<T: Send + Sync + 'static> {
    publisher: Option<Publisher<T>>,
    is_closed: bool,
    /// Never more than `UNLIMITED`, for it takes half the memory.
    allowance: u32,
}

/// No bound on what may be appended.
pub(crate) const UNLIMITED: u64 = u32::MAX as u64;

impl<T: Send + Sync + 'static> Writer<T> {
    pub(crate) fn new(publisher: Publisher<T>) -> Self {
        let state = State {
            publisher: Some(publisher),
            is_closed: false,
            allowance: u32::MAX,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// Lets `append` use the publisher, unless the log has ended; `count` is what it will append.
    ///
    /// Returns whether more than the allowance has been appended by now.
    pub(crate) fn append(&self, count: u64, append: impl FnOnce(&mut Publisher<T>)) -> bool {
        let Some(publisher) = lock(&self.state).publisher.take() else {
            return false;
        };
        let mut loan = Loan {
            writer: self,
            publisher: Some(publisher),
            count,
        };
        if let Some(publisher) = &mut loan.publisher {
            append(publisher);
        }
        loan.give_back()
    }

    /// Ends the log after what was appended.
    pub(crate) fn close(&self) {
        let publisher = {
            let mut state = lock(&self.state);
            state.is_closed = true;
            state.publisher.take()
        };
        if let Some(publisher) = publisher {
            publisher.close();
        }
    }

    /// Sets how many events may be appended before [`append`](Writer::append) says that it is enough.
    pub(crate) fn allow(&self, events: u64) {
        lock(&self.state).allowance = events.min(UNLIMITED) as u32;
    }
}

/// The publisher while it is out of its lock; it goes back even if what is done with it panics.
struct Loan<'a, T: Send + Sync + 'static> {
    writer: &'a Writer<T>,
    publisher: Option<Publisher<T>>,
    count: u64,
}

impl<T: Send + Sync + 'static> Loan<'_, T> {
    fn give_back(&mut self) -> bool {
        let Some(publisher) = self.publisher.take() else {
            return false;
        };
        let mut state = lock(&self.writer.state);
        if state.is_closed {
            drop(state);
            publisher.close();
            return false;
        }
        state.publisher = Some(publisher);
        let allowance = u64::from(state.allowance);
        if allowance == UNLIMITED {
            return false;
        }
        state.allowance = allowance.saturating_sub(self.count) as u32;
        self.count > allowance
    }
}

impl<T: Send + Sync + 'static> Drop for Loan<'_, T> {
    fn drop(&mut self) {
        self.give_back();
    }
}

use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Polls many futures within one task and gives their outputs in order.
///
/// Each has a waker of its own, so a wake costs one poll and not one poll of all.
pub(crate) struct JoinAll<F: Future> {
    children: Vec<Child<F>>,
    pending: usize,
    queue: Arc<Queue>,
}

enum Child<F: Future> {
    Running(Pin<Box<F>>, Waker),
    Done(F::Output),
    Taken,
}

/// The children to poll next, and the task to wake when there are any.
#[derive(Default)]
struct Queue {
    state: Mutex<QueueState>,
}

#[derive(Default)]
struct QueueState {
    /// Each child at most once, so that wakes in a row cost no memory and one poll.
    woken: Vec<usize>,
    is_woken: Vec<bool>,
    task: Option<Waker>,
}

struct ChildWaker {
    position: usize,
    queue: Arc<Queue>,
}

impl<F: Future> JoinAll<F> {
    pub(crate) fn new(futures: impl Iterator<Item = F>) -> Self {
        let queue = Arc::new(Queue::default());
        let children: Vec<_> = futures
            .enumerate()
            .map(|(position, future)| {
                let waker = Arc::new(ChildWaker {
                    position,
                    queue: Arc::clone(&queue),
                });
                Child::Running(Box::pin(future), Waker::from(waker))
            })
            .collect();
        let pending = children.len();
        let mut state = queue.lock();
        state.woken.extend(0..pending);
        state.is_woken.resize(pending, true);
        drop(state);
        Self {
            children,
            pending,
            queue,
        }
    }
}

/// The futures are boxed, and an output is never pinned.
impl<F: Future> Unpin for JoinAll<F> {}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        for position in this.queue.take_woken(cx.waker()) {
            // A wake may come late, for a child that is done.
            let child = &mut this.children[position];
            let Child::Running(future, waker) = child else {
                continue;
            };
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(waker)) {
                *child = Child::Done(output);
                this.pending -= 1;
            }
        }
        if this.pending > 0 {
            return Poll::Pending;
        }
        let outputs = this.children.iter_mut().filter_map(Child::take).collect();
        Poll::Ready(outputs)
    }
}

impl<F: Future> Child<F> {
    fn take(&mut self) -> Option<F::Output> {
        match mem::replace(self, Self::Taken) {
            Self::Done(output) => Some(output),
            Self::Running(..) | Self::Taken => None,
        }
    }
}

impl Queue {
    /// Takes the woken children; later wakes go to `task`.
    fn take_woken(&self, task: &Waker) -> Vec<usize> {
        let mut state = self.lock();
        let replaced = match &state.task {
            Some(known) if known.will_wake(task) => None,
            _ => state.task.replace(task.clone()),
        };
        let woken = mem::take(&mut state.woken);
        for position in &woken {
            state.is_woken[*position] = false;
        }
        drop(state);
        drop(replaced);
        woken
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        // Only a panic of `Waker::clone` can poison it, and then nothing was changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for ChildWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let task = {
            let mut state = self.queue.lock();
            if !mem::replace(&mut state.is_woken[self.position], true) {
                state.woken.push(self.position);
            }
            state.task.take()
        };
        if let Some(task) = task {
            task.wake();
        }
    }
}

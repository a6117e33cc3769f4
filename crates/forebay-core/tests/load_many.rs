//! How the provided `load_many` runs its loads.
//!
//! * All are polled in the first poll, in the order of the keys, so a stage below sees them
//!   together.
//! * After that only those that were woken are polled; ten thousand cost ten thousand wakes.
//! * No wake is lost, whenever it comes, and none that comes twice, late or after the end does
//!   harm.
//! * The results stand in the order of the keys, whatever the order of the answers.
//! * Dropping it drops every load.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use forebay_core::{Load, LoadResult};

/// A backend whose loads wait until the test answers them.
struct Gates {
    gates: Vec<Mutex<Gate>>,
    /// The keys in the order in which their loads were polled.
    polled: Mutex<Vec<usize>>,
    running: AtomicUsize,
}

#[derive(Default)]
struct Gate {
    answer: Option<u32>,
    waker: Option<Waker>,
    wakes_itself: bool,
}

struct Passage<'a> {
    gates: &'a Gates,
    key: usize,
    is_done: bool,
}

impl Gates {
    fn new(count: usize) -> Self {
        Self {
            gates: std::iter::repeat_with(Mutex::default).take(count).collect(),
            polled: Mutex::default(),
            running: AtomicUsize::new(0),
        }
    }

    fn answer(&self, key: usize, value: u32) {
        self.gates[key].lock().unwrap().answer = Some(value);
        self.wake(key);
    }

    fn wake(&self, key: usize) {
        self.waker(key).wake();
    }

    fn waker(&self, key: usize) -> Waker {
        self.gates[key].lock().unwrap().waker.clone().unwrap()
    }

    fn take_polled(&self) -> Vec<usize> {
        std::mem::take(&mut self.polled.lock().unwrap())
    }
}

impl Load<usize> for Gates {
    type Value = u32;
    type Error = Infallible;

    fn load(&self, key: &usize) -> impl Future<Output = LoadResult<u32, Infallible>> + Send {
        self.running.fetch_add(1, Ordering::Relaxed);
        Passage {
            gates: self,
            key: *key,
            is_done: false,
        }
    }
}

impl Future for Passage<'_> {
    type Output = LoadResult<u32, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.is_done, "load {} was polled after its end", self.key);
        self.gates.polled.lock().unwrap().push(self.key);
        let mut gate = self.gates.gates[self.key].lock().unwrap();
        gate.waker = Some(cx.waker().clone());
        if gate.wakes_itself {
            cx.waker().wake_by_ref();
        }
        let answer = gate.answer;
        drop(gate);
        self.is_done = answer.is_some();
        answer.map_or(Poll::Pending, |value| Poll::Ready(Ok(Some(value))))
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        self.gates.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts how often the task was woken.
#[derive(Default)]
struct Task {
    wakes: AtomicUsize,
}

impl Task {
    fn take_wakes(&self) -> usize {
        self.wakes.swap(0, Ordering::Relaxed)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn nothing_is_polled_before_the_first_poll() {
    let gates = Gates::new(3);
    let _loads = gates.load_many(&[0, 1, 2]);
    assert_eq!(gates.take_polled(), []);
}

#[test]
fn first_poll_polls_every_load_once_in_the_order_of_the_keys() {
    let gates = Gates::new(3);
    let mut loads = pin!(gates.load_many(&[2, 0, 1]));
    assert!(poll(loads.as_mut()).is_pending());
    assert_eq!(gates.take_polled(), [2, 0, 1]);
}

#[test]
fn later_polls_poll_only_what_was_woken() {
    let gates = Gates::new(4);
    let mut loads = pin!(gates.load_many(&[0, 1, 2, 3]));
    assert!(poll(loads.as_mut()).is_pending());
    gates.take_polled();

    assert!(poll(loads.as_mut()).is_pending());
    assert_eq!(gates.take_polled(), []);

    gates.wake(3);
    gates.wake(1);
    assert!(poll(loads.as_mut()).is_pending());
    assert_eq!(gates.take_polled(), [3, 1]);
}

#[test]
fn results_stand_in_the_order_of_the_keys() {
    let gates = Gates::new(3);
    let mut loads = pin!(gates.load_many(&[0, 1, 2]));
    assert!(poll(loads.as_mut()).is_pending());
    for key in [2, 0, 1] {
        let value = u32::try_from(key).unwrap();
        gates.answer(key, 10 + value);
    }
    let expected = vec![Ok(Some(10)), Ok(Some(11)), Ok(Some(12))];
    assert_eq!(poll(loads), Poll::Ready(expected));
}

#[test]
fn no_keys_give_no_results_at_once() {
    let gates = Gates::new(0);
    assert_eq!(poll(pin!(gates.load_many(&[]))), Poll::Ready(Vec::new()));
}

#[test]
fn wake_reaches_the_task_that_polled_last() {
    let gates = Gates::new(2);
    let mut loads = pin!(gates.load_many(&[0, 1]));
    let tasks = [(); 2].map(|()| Arc::new(Task::default()));
    for task in &tasks {
        let waker = Waker::from(Arc::clone(task));
        let polled = loads.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }
    gates.wake(0);
    assert_eq!(tasks.map(|task| task.take_wakes()), [0, 1]);
}

#[test]
fn many_wakes_between_two_polls_wake_the_task_once() {
    let gates = Gates::new(3);
    let mut loads = pin!(gates.load_many(&[0, 1, 2]));
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    assert!(
        loads
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    for key in [0, 1, 2] {
        gates.wake(key);
    }
    assert_eq!(task.take_wakes(), 1);
}

#[test]
fn load_woken_many_times_is_polled_once() {
    let gates = Gates::new(2);
    let mut loads = pin!(gates.load_many(&[0, 1]));
    assert!(poll(loads.as_mut()).is_pending());
    gates.take_polled();
    for _ in 0..1000 {
        gates.wake(1);
    }
    assert!(poll(loads.as_mut()).is_pending());
    assert_eq!(gates.take_polled(), [1]);
}

#[test]
fn wake_during_a_poll_is_not_lost() {
    let gates = Gates::new(2);
    gates.gates[1].lock().unwrap().wakes_itself = true;
    let mut loads = pin!(gates.load_many(&[0, 1]));
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    for expected in [[0, 1].as_slice(), &[1], &[1]] {
        assert!(
            loads
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        assert_eq!(gates.take_polled(), expected);
        assert_eq!(task.take_wakes(), 1);
    }
}

#[test]
fn wake_of_a_finished_load_polls_nothing() {
    let gates = Gates::new(2);
    let mut loads = pin!(gates.load_many(&[0, 1]));
    assert!(poll(loads.as_mut()).is_pending());
    gates.answer(0, 10);
    assert!(poll(loads.as_mut()).is_pending());
    gates.take_polled();
    gates.wake(0);
    assert!(poll(loads.as_mut()).is_pending());
    assert_eq!(gates.take_polled(), []);
}

#[test]
fn drop_ends_every_load_and_late_wakes_do_nothing() {
    let gates = Gates::new(3);
    {
        let mut loads = pin!(gates.load_many(&[0, 1, 2]));
        assert!(poll(loads.as_mut()).is_pending());
        gates.answer(0, 10);
        assert!(poll(loads.as_mut()).is_pending());
        assert_eq!(gates.running.load(Ordering::Relaxed), 2);
    }
    assert_eq!(gates.running.load(Ordering::Relaxed), 0);
    gates.take_polled();
    gates.wake(2);
    assert_eq!(gates.take_polled(), []);
}

#[test]
fn ten_thousand_loads_cost_one_poll_for_each_wake() {
    let keys: Vec<_> = (0..10_000).collect();
    let gates = Gates::new(keys.len());
    let mut loads = pin!(gates.load_many(&keys));
    assert!(poll(loads.as_mut()).is_pending());
    let mut polls = gates.take_polled().len();
    for key in keys.iter().rev() {
        gates.answer(*key, 1);
        let is_last = *key == 0;
        assert_eq!(poll(loads.as_mut()).is_ready(), is_last);
        polls += gates.take_polled().len();
    }
    assert_eq!(polls, 2 * keys.len());
}

#[test]
fn wakes_from_other_threads_complete_it() {
    let gates = Gates::new(64);
    let keys: Vec<_> = (0..64).collect();
    let mut loads = pin!(gates.load_many(&keys));
    assert!(poll(loads.as_mut()).is_pending());
    let results = std::thread::scope(|scope| {
        for half in keys.chunks(32) {
            let gates = &gates;
            scope.spawn(move || half.iter().for_each(|key| gates.answer(*key, 1)));
        }
        futures::executor::block_on(loads)
    });
    assert_eq!(results, vec![Ok(Some(1)); 64]);
}

//! Waking many at once.
//!
//! * Everybody is woken, in order, and once.
//! * A waker that panics keeps nobody from being woken, and its panic reaches nobody.

use std::sync::Arc;
use std::task::{Wake, Waker};

use forebay_rt::sync::{Mutex, lock};
use forebay_rt::wake_all;

/// Notes its number when it is woken, and panics then if it is odd.
struct Noting {
    number: usize,
    panics_if_odd: bool,
    woken: Arc<Mutex<Vec<usize>>>,
}

impl Wake for Noting {
    fn wake(self: Arc<Self>) {
        lock(&self.woken).push(self.number);
        assert!(
            !self.panics_if_odd || self.number.is_multiple_of(2),
            "the executor failed"
        );
    }
}

fn woken_of_five(panics_if_odd: bool) -> Vec<usize> {
    let woken = Arc::<Mutex<Vec<usize>>>::default();
    let wakers: Vec<_> = (0..5)
        .map(|number| {
            let woken = Arc::clone(&woken);
            Waker::from(Arc::new(Noting {
                number,
                panics_if_odd,
                woken,
            }))
        })
        .collect();
    wake_all(wakers);
    lock(&woken).clone()
}

#[test]
fn everybody_is_woken_in_order() {
    assert_eq!(woken_of_five(false), [0, 1, 2, 3, 4]);
}

#[test]
fn panicking_waker_does_not_stop_the_others() {
    assert_eq!(woken_of_five(true), [0, 1, 2, 3, 4]);
}

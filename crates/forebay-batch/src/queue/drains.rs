use std::task::Waker;

use crate::queue::Queue;

/// Waiting for everything to have ended.
impl<B, G> Queue<B, G> {
    /// Notes who waits for everything to have ended; `false` if it has.
    pub(crate) fn drain(
        &mut self,
        place: &mut Option<usize>,
        waker: &Waker,
    ) -> (bool, Option<Waker>) {
        if self.is_idle() {
            return (false, None);
        }
        let place = *place.get_or_insert_with(|| self.drains.insert(None));
        (true, self.drains[place].replace(waker.clone()))
    }

    pub(crate) fn stop_draining(&mut self, place: usize) -> Option<Waker> {
        self.drains.try_remove(place)?
    }

    /// Those to wake when everything has ended.
    pub(crate) fn drained(&mut self) -> Vec<Waker> {
        if self.drains.is_empty() || !self.is_idle() {
            return Vec::new();
        }
        let drains = self.drains.iter_mut();
        drains.filter_map(|(_, waker)| waker.take()).collect()
    }

    /// Whether anybody waits for that.
    pub(crate) fn is_drained(&self) -> bool {
        !self.drains.is_empty()
    }

    /// Takes the waker of one who does.
    pub(crate) fn take_drain(&mut self) -> Option<Waker> {
        let mut drains = self.drains.iter_mut();
        drains.find_map(|(_, waker)| waker.take())
    }
}

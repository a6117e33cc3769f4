//! What publishers do in a history.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::drive::{Drive, pick};
use crate::event::Ending;
use crate::model::End;

impl Drive {
    /// The log that a number stands for, if it still has its publisher.
    fn open(&self, number: usize) -> Option<usize> {
        let log = number % self.publishers.len();
        self.publishers[log].is_some().then_some(log)
    }

    /// Notes in every place that something was published.
    fn published(&mut self, log: usize) {
        self.model.observe_splices();
        for follower in &mut self.followers {
            self.model.observe(&mut follower.place);
            follower.seat = follower.seat.filter(|seat| *seat != log);
        }
        for (_, place) in &mut self.positions {
            self.model.observe(place);
        }
    }

    pub(crate) fn append(&mut self, number: usize, gap: u64, size: u64, is_single: bool) {
        let Some(log) = self.open(number) else { return };
        let Some(publisher) = &mut self.publishers[log] else {
            return;
        };
        let sequence = self.model.logs[log].head + gap;
        let numbers = self.numbers..self.numbers + size;
        self.numbers += size;
        let census = self.census.clone();
        let is_ok = if is_single {
            let event = census.event(numbers.start);
            publisher.append(sequence, event).is_ok()
        } else {
            let events = numbers.clone().map(|number| census.event(number));
            let appended = publisher.append_all(sequence, events);
            appended.is_ok_and(|count| {
                assert_eq!(count as u64, size);
                true
            })
        };
        assert_eq!(is_ok, gap > 0);
        if is_ok {
            self.model.append(log, sequence, numbers);
            if size > 0 {
                self.published(log);
            }
        }
    }

    pub(crate) fn push(&mut self, number: usize) {
        let Some(log) = self.open(number) else { return };
        let Some(publisher) = &mut self.publishers[log] else {
            return;
        };
        let number = self.numbers;
        self.numbers += 1;
        let sequence = publisher.push(self.census.event(number));
        let sequence = sequence.expect("there are sequences left").get();
        assert_eq!(sequence, self.model.logs[log].head + 1);
        self.model.append(log, sequence, number..number + 1);
        self.published(log);
    }

    pub(crate) fn break_batch(&mut self, number: usize, size: u64) {
        let Some(log) = self.open(number) else { return };
        let Some(publisher) = &mut self.publishers[log] else {
            return;
        };
        let sequence = self.model.logs[log].head + 1;
        let census = self.census.clone();
        let events = (0..=size).map(|number| {
            if number == size {
                // Past the panic hook, which would print a report.
                resume_unwind(Box::new("out of events"));
            }
            census.event(u64::MAX)
        });
        let append = AssertUnwindSafe(|| publisher.append_all(sequence, events).is_ok());
        assert!(catch_unwind(append).is_err());
    }

    pub(crate) fn advance(&mut self, number: usize, gap: u64) {
        let Some(log) = self.open(number) else { return };
        let Some(publisher) = &mut self.publishers[log] else {
            return;
        };
        let sequence = self.model.logs[log].head + gap;
        assert_eq!(publisher.advance(sequence).is_ok(), gap > 0);
        self.model.logs[log].head = sequence;
    }

    pub(crate) fn end(&mut self, number: usize, ending: Ending) {
        let Some(log) = self.open(number) else { return };
        let Some(publisher) = self.publishers[log].take() else {
            return;
        };
        self.model.logs[log].end = Some(match ending {
            Ending::Close => {
                publisher.close();
                End::Closed
            }
            Ending::Fail => {
                publisher.fail("failed");
                End::Failed
            }
            Ending::Drop => {
                drop(publisher);
                End::Lost
            }
        });
        self.published(log);
    }

    pub(crate) fn splice(&mut self, number: usize, position: usize) {
        let Some(position) = pick(self.positions.len(), position) else {
            return;
        };
        let Some(log) = self.open(number) else { return };
        let Some(publisher) = self.publishers[log].take() else {
            return;
        };
        let (position, place) = self.positions[position].clone();
        let is_circle = self.model.leads_into(place.log, log);
        match publisher.splice_into(position) {
            Ok(()) => {
                assert!(!is_circle);
                self.model.logs[log].end = Some(End::Splice(place));
                self.published(log);
            }
            Err(error) => {
                assert!(is_circle);
                self.publishers[log] = Some(error.publisher);
            }
        }
    }
}

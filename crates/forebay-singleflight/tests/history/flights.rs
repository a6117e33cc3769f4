//! The oracle's flights: who is on them, and what happens to them when somebody leaves.

use std::ops::RangeInclusive;

use forebay_core::LoadError;
use forebay_singleflight::{Handover, OnLeaderLost};

use crate::Outcome;
use crate::model::{Model, State};

pub(crate) struct Flight {
    pub(crate) key: u8,
    pub(crate) hidden: bool,
    /// In the order in which they joined.
    pub(crate) followers: Vec<usize>,
    /// How many load it now. 0: the seat is vacant.
    pub(crate) loaders: usize,
    pub(crate) hedges: usize,
    pub(crate) retries: usize,
    pub(crate) end: Option<End>,
}

pub(crate) enum End {
    Landed { outcome: Outcome, followers: usize },
    Deserted,
}

impl Model {
    pub(crate) fn forget(&mut self, key: u8) -> bool {
        let flight = self.visible(key);
        if let Some(flight) = flight {
            self.flights[flight].hidden = true;
        }
        flight.is_some()
    }

    pub(crate) fn forget_unshared(&mut self, key: u8) -> bool {
        self.followers(key) == Some(0) && self.forget(key)
    }

    pub(crate) fn forget_all(&mut self) -> usize {
        let visible = self.visible_flights();
        self.flights
            .iter_mut()
            .for_each(|flight| flight.hidden = true);
        visible
    }

    /// Claims the seat of a key; returns whether it was free.
    pub(crate) fn claim(&mut self, key: u8) -> bool {
        let flight = self.visible(key);
        if flight.is_some_and(|flight| self.flights[flight].loaders > 0) {
            return false;
        }
        let flight = flight.unwrap_or_else(|| self.open(key));
        self.flights[flight].loaders += 1;
        self.claims.push(Some(flight));
        true
    }

    pub(crate) fn publish(&mut self, claim: usize, value: u64) {
        let Some(flight) = self.claims[claim].take() else {
            return;
        };
        if self.flights[flight].end.is_none() {
            self.land(flight, Ok(value));
        }
    }

    pub(crate) fn drop_claim(&mut self, claim: usize) {
        if let Some(flight) = self.claims[claim].take() {
            self.vacate(flight);
        }
    }

    /// Returns how many flights there are, at least without those that are hidden.
    pub(crate) fn in_flight(&self) -> RangeInclusive<usize> {
        let going_on = self.flights.iter().filter(|flight| flight.end.is_none());
        self.visible_flights()..=going_on.count()
    }

    fn visible_flights(&self) -> usize {
        let visible = |flight: &&Flight| !flight.hidden && flight.end.is_none();
        self.flights.iter().filter(visible).count()
    }

    pub(crate) fn followers(&self, key: u8) -> Option<usize> {
        let flight = self.visible(key)?;
        Some(self.flights[flight].followers.len())
    }

    /// Returns the claims that are held.
    pub(crate) fn held(&self) -> Vec<usize> {
        let held = |claim: &usize| self.claims[*claim].is_some();
        (0..self.claims.len()).filter(held).collect()
    }

    pub(crate) fn visible(&self, key: u8) -> Option<usize> {
        let found = |flight: &Flight| flight.key == key && !flight.hidden && flight.end.is_none();
        self.flights.iter().position(found)
    }

    pub(crate) fn landed(&self, flight: usize) -> Option<(Outcome, Option<usize>)> {
        match &self.flights[flight].end {
            Some(End::Landed { outcome, followers }) => Some((outcome.clone(), Some(*followers))),
            _ => None,
        }
    }

    pub(crate) fn open(&mut self, key: u8) -> usize {
        self.flights.push(Flight {
            key,
            hidden: false,
            followers: Vec::new(),
            loaders: 0,
            hedges: 0,
            retries: 0,
            end: None,
        });
        self.flights.len() - 1
    }

    /// One that loaded is lost.
    pub(crate) fn vacate(&mut self, flight: usize) {
        if self.flights[flight].end.is_some() {
            return;
        }
        self.flights[flight].loaders -= 1;
        let failing = self.rules.on_leader_lost == OnLeaderLost::Fail;
        if failing && self.flights[flight].loaders == 0 {
            self.land(flight, Err(LoadError::Abandoned));
        } else {
            self.settle(flight);
        }
    }

    /// Sees to it that somebody is on the way to a vacant seat.
    pub(crate) fn settle(&mut self, flight: usize) {
        let Flight {
            loaders, followers, ..
        } = &self.flights[flight];
        if *loaders > 0 {
            return;
        }
        if followers.is_empty() {
            self.flights[flight].end = Some(End::Deserted);
            return;
        }
        let followers = followers.clone();
        let candidates = followers.into_iter().rev();
        match self.rules.handover {
            Handover::All => candidates.for_each(|call| self.calls[call].woken = true),
            _ => {
                let now = self.now;
                let youngest = candidates
                    .into_iter()
                    .find(|call| self.calls[*call].deadline > now);
                if let Some(youngest) = youngest {
                    self.calls[youngest].woken = true;
                }
            }
        }
    }

    pub(crate) fn land(&mut self, flight: usize, outcome: Outcome) {
        let followers = self.flights[flight].followers.len();
        self.flights[flight].end = Some(End::Landed { outcome, followers });
        for call in &mut self.calls {
            let (State::Following(on) | State::Loading { flight: on, .. }) = call.state else {
                continue;
            };
            call.woken |= on == flight;
        }
    }
}

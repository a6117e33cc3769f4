use std::hash::Hash;
use std::sync::Arc;

use forebay_rt::sync::lock;

use crate::Position;
use crate::hub::ledger::Ledger;
use crate::hub::ledger::account::{Account, AccountId, Offer, Stage};
use crate::hub::ledger::leavings::Leavings;
use crate::hub::ledger::line::Line;
use crate::hub::settings::Settings;
use crate::hub::snapshot::build::Build;
use crate::hub::writer::UNLIMITED;

/// A snapshot that a subscriber begins to read.
pub(crate) struct Reading<T: Send + Sync + 'static, E> {
    pub(crate) build: Arc<Build<T, E>>,
    pub(crate) start: Position<T>,
    pub(crate) origin: Origin<T>,
}

/// Where a snapshot came from.
pub(crate) enum Origin<T> {
    /// It has yet to be built, and looks at the events from here on.
    New(Position<T>),
    /// Somebody else has asked for it, and it is being built.
    Shared,
    /// It was kept.
    Kept,
}

impl<K, T, E> Ledger<K, T, E>
where
    K: Clone + Eq + Hash,
    T: Send + Sync + 'static,
{
    /// Finds a snapshot to read, or has one built that looks at the events after `from`.
    ///
    /// `None` if the line has ended since it was joined.
    pub(crate) fn read(
        &self,
        id: AccountId,
        line: &Arc<Line<T>>,
        from: Position<T>,
        now: u64,
    ) -> Option<Reading<T, E>> {
        let outdated;
        let reading = {
            let mut state = lock(&self.state);
            let account = state.account(id, line)?;
            let replay_max = self.settings.replay_max();
            outdated = account.offer.take_if(|it| !it.is_fresh(now, replay_max));
            match account.offer.as_deref_mut() {
                Some(offer) => offer.read(),
                None => {
                    let (build, start) = self.settings.begin_build();
                    account.offer = Some(Box::new(Offer {
                        build: Arc::clone(&build),
                        start: start.clone(),
                        readers: 1,
                        stage: Stage::Building { from: from.clone() },
                    }));
                    Reading {
                        build,
                        start,
                        origin: Origin::New(from.clone()),
                    }
                }
            }
        };
        drop((outdated, from));
        Some(reading)
    }

    /// Lets further readers of a build begin with its next attempt, which looks at the events after
    /// `from`.
    pub(crate) fn restart(
        &self,
        id: AccountId,
        line: &Arc<Line<T>>,
        build: &Arc<Build<T, E>>,
        from: &Position<T>,
    ) {
        let start = build.source.position();
        let mut stage = Stage::Building { from: from.clone() };
        let mut start = start;
        {
            let mut state = lock(&self.state);
            if let Some(offer) = state.account(id, line).and_then(|it| it.offer_of(build)) {
                std::mem::swap(&mut offer.start, &mut start);
                std::mem::swap(&mut offer.stage, &mut stage);
            }
        }
        drop((start, stage));
    }

    /// Ends the offer of a build that has its outcome, unless it is worth keeping until then;
    /// returns whether it is kept.
    pub(crate) fn settle(
        &self,
        id: AccountId,
        line: &Arc<Line<T>>,
        build: &Arc<Build<T, E>>,
        expires: Option<u64>,
    ) -> bool {
        let mut leavings = Leavings::new();
        let is_kept = {
            let mut state = lock(&self.state);
            let Some(account) = state.account(id, line) else {
                return false;
            };
            let is_kept = self.settings.keep(account, build, expires, &mut leavings);
            if !is_kept {
                leavings.offers.extend(account.take_offer_of(build));
                state.free_if_unused(id, &mut leavings);
            }
            is_kept
        };
        leavings.dispose();
        is_kept
    }

    /// Gives up a snapshot that is kept, if it is this one; another one may be there by now.
    pub(crate) fn evict(&self, id: AccountId, line: &Arc<Line<T>>, build: &Arc<Build<T, E>>) {
        let mut leavings = Leavings::new();
        {
            let mut state = lock(&self.state);
            if let Some(account) = state.account(id, line) {
                leavings.offers.extend(account.take_offer_of(build));
                state.free_if_unused(id, &mut leavings);
            }
        }
        leavings.dispose();
    }

    /// Gives up what keeps more events than it is worth: a snapshot whose replay has become longer
    /// than itself, or a build that nobody waits for. What somebody waits for by now may keep any
    /// number. Returns how many builds were cancelled.
    pub(crate) fn relieve(&self, id: AccountId, line: &Arc<Line<T>>) -> usize {
        let mut leavings = Leavings::new();
        {
            let mut state = lock(&self.state);
            if let Some(account) = state.account(id, line) {
                account.line.writer.allow(UNLIMITED);
                let is_unread = |offer: &Offer<T, E>| !offer.is_building() || offer.readers == 0;
                let given_up = account.offer.take_if(|offer| is_unread(offer));
                if let Some(offer) = &given_up
                    && offer.is_building()
                {
                    leavings.builds.push(Arc::clone(&offer.build));
                }
                leavings.offers.extend(given_up.map(|offer| *offer));
                state.free_if_unused(id, &mut leavings);
            }
        }
        leavings.dispose()
    }
}

impl<T: Send + Sync + 'static, E> Offer<T, E> {
    pub(crate) const fn is_building(&self) -> bool {
        matches!(self.stage, Stage::Building { .. })
    }

    fn read(&mut self) -> Reading<T, E> {
        self.readers += 1;
        Reading {
            build: Arc::clone(&self.build),
            start: self.start.clone(),
            origin: match self.stage {
                Stage::Building { .. } => Origin::Shared,
                Stage::Kept { .. } => Origin::Kept,
            },
        }
    }
}

impl<T: Send + Sync + 'static, E> Account<T, E> {
    fn take_offer_of(&mut self, build: &Arc<Build<T, E>>) -> Option<Offer<T, E>> {
        let offer = self.offer.take_if(|offer| Arc::ptr_eq(&offer.build, build));
        offer.map(|offer| *offer)
    }
}

impl<T: Send + Sync + 'static> Settings<T> {
    /// Keeps the snapshot of a build that has its outcome, if it is worth it.
    fn keep<K, E>(
        &self,
        account: &mut Account<T, E>,
        build: &Arc<Build<T, E>>,
        expires: Option<u64>,
        leavings: &mut Leavings<K, T, E>,
    ) -> bool {
        let (Some(expires), Some(Ok(outcome))) = (expires, build.outcome()) else {
            return false;
        };
        let replay = outcome.splice.subscribe().lag();
        let replay_max = outcome.pieces.min(self.replay_max());
        let Some(allowance) = replay_max.checked_sub(replay) else {
            return false;
        };
        let Some(offer) = account.offer_of(build) else {
            return false;
        };
        if let Stage::Building { from } =
            std::mem::replace(&mut offer.stage, Stage::Kept { expires })
        {
            leavings.positions.push(from);
        }
        account.line.writer.allow(allowance);
        true
    }

    /// Notes that a feed left before its snapshot was complete.
    pub(crate) fn stop_reading<K, E>(
        &self,
        account: &mut Account<T, E>,
        build: &Arc<Build<T, E>>,
        leavings: &mut Leavings<K, T, E>,
    ) {
        let Some(offer) = account.offer_of(build).filter(|it| it.is_building()) else {
            return;
        };
        offer.readers -= 1;
        if offer.readers > 0 {
            return;
        }
        if self.cache.is_none() {
            leavings.builds.push(Arc::clone(build));
            leavings
                .offers
                .extend(account.offer.take().map(|offer| *offer));
        } else {
            account.line.writer.allow(self.unread_max);
        }
    }
}

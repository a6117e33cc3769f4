use std::sync::Arc;

use forebay_core::{LogId, Sequence};

use crate::Position;
use crate::hub::end::End;
use crate::hub::ledger::Joined;
use crate::hub::ledger::account::{Account, AccountId};
use crate::hub::ledger::directory::{Directory, Known};
use crate::hub::ledger::leavings::Leavings;
use crate::hub::ledger::line::Line;
use crate::hub::settings::Settings;
use crate::publisher::builder::fresh_id;

/// What the lock of a ledger guards.
pub(crate) struct State<K, T: Send + Sync + 'static, E> {
    /// That of the whole topic. Those of its keys are made of it and of the key, so a cursor is of
    /// use for what it came from only.
    pub(crate) log: LogId,
    /// The last sequence that was published to the topic.
    pub(crate) head: Sequence,
    pub(crate) keys: Directory<K, Account<T, E>>,
    pub(crate) whole: Option<Account<T, E>>,
    pub(crate) end: Option<Arc<End<E>>>,
}

impl<K, T, E> State<K, T, E>
where
    K: Clone + Eq,
    T: Send + Sync + 'static,
{
    pub(crate) fn new(settings: &Settings<T>) -> Self {
        Self {
            log: fresh_id(),
            head: Sequence::ZERO,
            keys: Directory::new(settings.remembered_max, settings.idle_max),
            whole: None,
            end: None,
        }
    }

    pub(crate) fn join_whole(&mut self, settings: &Settings<T>) -> Joined<T> {
        let (log, last) = (self.log, self.head);
        let mut opened = None;
        let account = self.whole.get_or_insert_with(|| {
            let (line, beginning) = settings.open(log, last);
            opened = Some((beginning, last));
            Account::new(line, last)
        });
        account.join(AccountId::Whole, log, opened)
    }

    pub(crate) fn join_key(&mut self, settings: &Settings<T>, hash: u64, key: &K) -> Joined<T> {
        let log = LogId::new(self.log.get() ^ hash);
        let (place, last) = match self.keys.look_up(hash, key) {
            Known::Remembered(place, last) => (Some(place), last),
            Known::Unknown(last) => (None, last),
            Known::Logged(place, account) => {
                let joined = account.join(AccountId::Key(place), log, None);
                self.keys.rouse(place);
                return joined;
            }
        };
        let open = || {
            let (line, beginning) = settings.open(log, last);
            let mut account = Account::new(line, last);
            let joined = account.join(AccountId::Whole, log, Some((beginning, last)));
            (account, joined)
        };
        let (place, joined) = match place {
            Some(place) => {
                let (account, joined) = open();
                self.keys.give_log(place, account);
                (place, joined)
            }
            None => {
                // Cloned before anything is changed, for that may panic.
                let key = key.clone();
                let (account, joined) = open();
                (self.keys.add_log(hash, key, account), joined)
            }
        };
        let id = AccountId::Key(place);
        Joined { id, ..joined }
    }

    /// Returns the account in this place, unless its line is another one by now.
    pub(crate) fn account(
        &mut self,
        id: AccountId,
        line: &Arc<Line<T>>,
    ) -> Option<&mut Account<T, E>> {
        let account = match id {
            AccountId::Whole => self.whole.as_mut(),
            AccountId::Key(place) => self.keys.log_at(place),
        };
        account.filter(|account| account.is_line(line))
    }

    /// Closes an account that nobody needs, unless it may stay idle.
    pub(crate) fn free_if_unused(&mut self, id: AccountId, leavings: &mut Leavings<K, T, E>) {
        let is_used = |account: &Account<T, E>| account.feeds > 0 || account.offer.is_some();
        match id {
            AccountId::Whole if self.keys.keeps_idle() => {}
            AccountId::Whole => leavings
                .accounts
                .extend(self.whole.take_if(|it| !is_used(it))),
            AccountId::Key(place) => {
                if self
                    .keys
                    .log_at(place)
                    .is_some_and(|account| is_used(account))
                {
                    return;
                }
                if let Some(surplus) = self.keys.rest(place) {
                    self.close(surplus, leavings);
                }
            }
        }
    }

    /// Takes out all accounts, and remembers their keys.
    pub(crate) fn take_all(&mut self, leavings: &mut Leavings<K, T, E>) {
        leavings.accounts.extend(self.whole.take());
        for place in self.keys.logs() {
            self.close(place, leavings);
        }
    }

    pub(crate) fn lines(&mut self) -> Vec<Arc<Line<T>>> {
        let mut lines: Vec<_> = self.whole.iter().map(|it| Arc::clone(&it.line)).collect();
        for place in self.keys.logs() {
            lines.extend(
                self.keys
                    .log_at(place)
                    .map(|account| Arc::clone(&account.line)),
            );
        }
        lines
    }

    fn close(&mut self, place: u32, leavings: &mut Leavings<K, T, E>) {
        let Some(last) = self.keys.log_at(place).map(|account| account.last) else {
            return;
        };
        let (account, key) = self.keys.take_log(place, last);
        leavings.accounts.extend(account);
        leavings.keys.extend(key);
    }
}

impl<T: Send + Sync + 'static, E> Account<T, E> {
    fn join(
        &mut self,
        id: AccountId,
        log: LogId,
        opened: Option<(Position<T>, Sequence)>,
    ) -> Joined<T> {
        self.feeds += 1;
        Joined {
            id,
            line: Arc::clone(&self.line),
            log,
            opened,
            held: self.held().cloned(),
        }
    }
}

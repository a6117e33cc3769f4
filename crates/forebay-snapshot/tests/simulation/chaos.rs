use std::time::Duration;

use forebay_core::Sequence;
use forebay_snapshot::{Anchor, Hash, Piece};

use crate::cluster::Cluster;
use crate::random::Random;
use crate::tally::Tally;
use crate::{FOLLOWER, Message, Name, PEST};

/// What happens besides messages: writes, and until some moment worse things.
#[derive(Clone, Debug)]
pub(crate) struct Chaos {
    pub(crate) until: Duration,
    pub(crate) next_at: Duration,
    pub(crate) tally: Tally,
    /// How many of a hundred turns are bad.
    percent: u64,
    writes_max: u64,
    /// How many of a hundred turns another follower uses, and what it was offered last.
    pest_percent: u64,
    offered: Option<(Anchor, Hash)>,
}

impl Chaos {
    pub(crate) fn of(random: &mut Random) -> Self {
        Self {
            until: random.millis(0, 15_000),
            next_at: Duration::ZERO,
            tally: Tally::default(),
            percent: random.below(12),
            writes_max: random.below(8),
            pest_percent: random.below(40).saturating_sub(20),
            offered: None,
        }
    }

    pub(crate) fn remember(&mut self, message: &Message) {
        if let Message::Offer { anchor, root, .. } = message {
            self.offered = Some((*anchor, *root));
        }
    }
}

impl Cluster {
    pub(crate) fn cause_chaos(&mut self) {
        self.chaos.next_at = self.now + self.random.millis(5, 100);
        if self.now >= self.chaos.until {
            self.calm_down();
        } else {
            if self.random.percent(self.chaos.percent) {
                self.misfortune();
            }
            if self.random.percent(self.chaos.pest_percent) {
                self.pester();
            }
        }
        if self.peer(self.leader).is_up() {
            let writes = self.random.below(self.chaos.writes_max + 1);
            self.append(writes);
        } else if self.random.percent(20) {
            self.elect();
        }
        for position in 0..self.peers.len() {
            let count = self.random.below(20);
            self.peers[position].apply(self.now, &self.log, count);
        }
        let (again, count) = (self.random.below(4), self.random.below(20));
        self.follower.deliver(self.now, &self.log, again, count);
    }

    fn calm_down(&mut self) {
        for peer in &mut self.peers {
            if !peer.is_up() {
                peer.begin();
            }
        }
        self.follower.set_absent(self.now, None);
        // Where more is written than fits into the buffer while a state is fetched, nobody catches up.
        self.chaos.writes_max = self.chaos.writes_max.min(1);
    }

    fn misfortune(&mut self) {
        let peer = self.any_peer();
        let now = self.now;
        match self.random.below(10) {
            0..=2 if self.peer(peer).is_up() => {
                self.chaos.tally.note("provider stopped");
                self.peer(peer).provider = None;
            }
            0..=2 => {
                self.chaos.tally.note("provider started");
                self.peer(peer).begin();
            }
            3 => self.elect(),
            4 => {
                let keeps_spool = self.random.percent(60);
                self.chaos.tally.note(if keeps_spool {
                    "follower restarted"
                } else {
                    "follower lost everything"
                });
                self.follower.restart(now, &mut self.random, keeps_spool);
            }
            5 => {
                self.chaos.tally.note("gap in the log");
                self.follower.delivered = self.log.len().max(self.follower.delivered);
            }
            6 => self.disconnect(peer),
            7 => {
                self.chaos.tally.note("wrong leader");
                let leader = self.any_peer();
                self.follower.set_leader(now, leader);
            }
            8 => {
                self.chaos.tally.note("member left");
                self.follower.set_absent(now, Some(peer));
            }
            _ => {
                self.chaos.tally.note("member came back");
                self.follower.set_absent(now, None);
            }
        }
    }

    /// A connection breaks, and one end or both hear of it.
    fn disconnect(&mut self, peer: Name) {
        self.chaos.tally.note("disconnected");
        let now = self.now;
        self.network.cut(FOLLOWER, peer);
        if self.random.percent(70) {
            let here = self.follower.clock.at(now);
            self.follower.session.handle_peer_gone(here, &peer);
        }
        let is_heard = self.random.percent(70);
        let peer = self.peer(peer);
        if let Some(provider) = peer.provider.as_mut().filter(|_| is_heard) {
            provider.handle_peer_gone(peer.clock.at(now), &FOLLOWER);
        }
    }

    /// Another follower asks for something, fetches something, and goes away as it likes.
    fn pester(&mut self) {
        let to = self.any_peer();
        let number = self.random.below(5);
        let message = match (self.random.below(6), self.chaos.offered) {
            (0..=1, _) | (_, None) => Message::Request {
                nonce: number,
                reconnect: (number > 2).then(|| Sequence::new(self.log.len())),
            },
            (2, Some((anchor, root))) => Message::Done { anchor, root },
            (_, Some((anchor, root))) => Message::Fetch {
                id: number,
                anchor,
                root,
                piece: Piece::Chunks {
                    first: self.random.below(40),
                    count: number as u32,
                },
            },
        };
        self.chaos.tally.note("pestered");
        self.network
            .send(self.now, &mut self.random, (PEST, to), message);
    }

    fn elect(&mut self) {
        let candidate = self.any_peer();
        if !self.peer(candidate).is_up() {
            return;
        }
        self.chaos.tally.note("leader changed");
        if self.random.percent(30) {
            let count = 1 + self.random.below(5);
            let (now, term) = (self.now, self.term);
            self.follower.deliver_lost(now, &self.log, term, count);
        }
        self.set_leader(candidate);
    }

    fn any_peer(&mut self) -> Name {
        let count = self.peers.len() as u64;
        self.random.below(count) as Name + 1
    }
}

use std::time::Duration;

use crate::Name;
use crate::cluster::Cluster;
use crate::random::Random;

/// What happens besides messages: writes, and until some moment worse things.
#[derive(Clone, Debug)]
pub(crate) struct Chaos {
    pub(crate) until: Duration,
    pub(crate) next_at: Duration,
    /// How many of a hundred turns are bad.
    percent: u64,
    writes_max: u64,
}

impl Chaos {
    pub(crate) fn of(random: &mut Random) -> Self {
        Self {
            until: random.millis(0, 15_000),
            next_at: Duration::ZERO,
            percent: random.below(8),
            writes_max: random.below(8),
        }
    }
}

impl Cluster {
    pub(crate) fn cause_chaos(&mut self) {
        self.chaos.next_at = self.now + self.random.millis(5, 100);
        if self.now >= self.chaos.until {
            self.calm_down();
        } else if self.random.percent(self.chaos.percent) {
            self.misfortune();
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
    }

    fn misfortune(&mut self) {
        let peer = self.any_peer();
        let now = self.now;
        match self.random.below(8) {
            0..=2 if self.peer(peer).is_up() => self.peer(peer).provider = None,
            0..=2 => self.peer(peer).begin(),
            3 => self.elect(),
            4 => {
                let keeps_spool = self.random.percent(60);
                self.follower.restart(now, &mut self.random, keeps_spool);
            }
            // The log that the follower hears of has a gap.
            5 => self.follower.delivered = self.log.len().max(self.follower.delivered),
            6 => self
                .follower
                .session
                .handle_peer_gone(self.follower.clock + now, &peer),
            _ => {
                let leader = self.any_peer();
                self.follower.set_leader(now, leader);
            }
        }
    }

    fn elect(&mut self) {
        let candidate = self.any_peer();
        if self.peer(candidate).is_up() {
            self.set_leader(candidate);
        }
    }

    fn any_peer(&mut self) -> Name {
        let count = self.peers.len() as u64;
        self.random.below(count) as Name + 1
    }
}

use std::collections::VecDeque;
use std::time::Duration;

use forebay_snapshot::{
    Anchor, Ignored, LogEntry, Membership, MemorySpool, Restart, ResumeState, Session,
    SessionConfig, SessionError, SessionEvent, SessionOutput,
};

use crate::clock::Clock;
use crate::log::{Command, Log};
use crate::random::Random;
use crate::tally::Tally;
use crate::{FOLLOWER, Message, Name, State};

/// The peer that fell behind: its session, what the host does with it, and what must hold of both.
pub(crate) struct Follower {
    pub(crate) session: Session<State, Name, Command>,
    pub(crate) config: SessionConfig,
    pub(crate) spool_bytes_max: u64,
    pub(crate) entries_max: usize,
    pub(crate) window_max: usize,
    pub(crate) members: Vec<Name>,
    pub(crate) leader: Option<Name>,
    absent: Option<Name>,
    pub(crate) clock: Clock,
    pub(crate) tally: Tally,
    /// The last entry of the log that it was given.
    pub(crate) delivered: u64,
    pub(crate) installed: Option<(Anchor, State)>,
    /// When the host says how installing went, and what it says.
    pub(crate) answer_at: Option<(Duration, bool)>,
    /// The last things that it did, for whoever has to find out why it did them.
    pub(crate) recent: VecDeque<(Duration, String)>,
    pub(crate) ended: Option<Result<Caught, SessionError>>,
    /// Whether it is never woken, as if a rule were switched off.
    pub(crate) sleeps: bool,
}

/// Where the state was taken, and the log after it.
type Caught = (Anchor, Vec<LogEntry<Command>>);

pub(crate) const ENTRIES_MAX: usize = 400;

const RECENT_MAX: usize = 60;

impl Follower {
    pub(crate) fn new(
        clock: Clock,
        config: SessionConfig,
        members: &[Name],
        spool_bytes_max: u64,
        seed: u64,
    ) -> Self {
        let config = config
            .spool_bytes_max(spool_bytes_max)
            .entries_max(ENTRIES_MAX);
        let membership = Membership::new(FOLLOWER, members.iter().copied());
        let now = clock.at(Duration::ZERO);
        let session = Session::start(now, config.clone(), membership, seed).unwrap();
        Self {
            session,
            config,
            spool_bytes_max,
            entries_max: ENTRIES_MAX,
            window_max: 8,
            members: members.to_vec(),
            leader: None,
            absent: None,
            clock,
            tally: Tally::default(),
            delivered: 0,
            installed: None,
            answer_at: None,
            recent: VecDeque::new(),
            ended: None,
            sleeps: false,
        }
    }

    /// Stops, and comes back with or without what it had on disk.
    pub(crate) fn restart(&mut self, now: Duration, random: &mut Random, keeps_spool: bool) {
        let fresh = self.session(now, 0, MemorySpool::new(), &ResumeState::default());
        let old = std::mem::replace(&mut self.session, fresh);
        let (state, spool) = if keeps_spool {
            (old.resume_state(), old.into_spool())
        } else {
            (ResumeState::default(), MemorySpool::new())
        };
        self.session = self.session(now, random.next(), spool, &state);
        self.installed = None;
        self.answer_at = None;
    }

    /// Falls behind once more, after it has caught up or given up.
    pub(crate) fn fall_behind(&mut self, now: Duration, random: &mut Random, log: &Log) {
        self.ended = None;
        self.delivered = log.len();
        self.tally.note("fell behind again");
        self.restart(now, random, false);
    }

    fn session(
        &self,
        now: Duration,
        seed: u64,
        spool: MemorySpool,
        state: &ResumeState,
    ) -> Session<State, Name, Command> {
        let (now, config) = (self.clock.at(now), self.config.clone());
        Session::resume(now, config, self.membership(), seed, spool, state).unwrap()
    }

    pub(crate) fn set_leader(&mut self, now: Duration, leader: Name) {
        self.leader = Some(leader);
        self.session.handle_leader(self.clock.at(now), self.leader);
    }

    /// Takes one peer at most for no member.
    pub(crate) fn set_absent(&mut self, now: Duration, absent: Option<Name>) {
        if self.absent != absent {
            self.absent = absent;
            let membership = self.membership();
            self.session
                .handle_membership(self.clock.at(now), membership);
        }
    }

    pub(crate) fn receive(&mut self, now: Duration, from: Name, message: Message) {
        // A message for a provider is none of its business.
        let _ = self
            .session
            .handle_message(self.clock.at(now), from, message);
    }

    /// Gives it some entries of the log, some of them again.
    pub(crate) fn deliver(&mut self, now: Duration, log: &Log, again: u64, count: u64) {
        let first = (self.delivered + 1)
            .saturating_sub(again)
            .max(log.pruned + 1);
        let last = (self.delivered + count).min(log.len());
        let entries = (first..=last).filter_map(|sequence| log.entry(sequence).cloned());
        let entries: Vec<_> = entries.collect();
        let after = log.anchor(first - 1).unwrap_or_default();
        self.session
            .handle_entries(self.clock.at(now), after, entries);
        self.delivered = self.delivered.max(last);
    }

    /// Gives it entries of a leader that is deposed right then, and nobody else will ever have.
    pub(crate) fn deliver_lost(&mut self, now: Duration, log: &Log, term: u64, count: u64) {
        let missing = log.len() - self.delivered;
        self.deliver(now, log, 0, missing);
        let after = log.anchor(log.len()).unwrap_or_default();
        let entries = (0..count).map(|_| (term, Command::Lost));
        self.tally.note("entries lost");
        self.session
            .handle_entries(self.clock.at(now), after, entries);
    }

    /// Does what the session wants done now, but for messages, which are returned.
    pub(crate) fn outputs(
        &mut self,
        now: Duration,
        random: &mut Random,
        fails: bool,
    ) -> Vec<(Name, Message)> {
        let mut messages = Vec::new();
        while self.session.work(self.clock.at(now), 256) {}
        while let Some(output) = self.session.poll_output() {
            if self.recent.len() >= RECENT_MAX {
                self.recent.pop_front();
            }
            self.recent.push_back((now, shown(&output)));
            match output {
                SessionOutput::Send { to, message } => messages.push((to, message)),
                SessionOutput::Install { anchor, state } => {
                    self.installed = Some((anchor, state));
                    let takes = random.millis(0, 50);
                    self.answer_at = Some((now + takes, !(fails && random.percent(20))));
                }
                SessionOutput::Done { anchor, replay } => {
                    let reused = self.session.usage().reused_bytes;
                    self.tally.add("reused bytes", reused);
                    self.tally.note("caught up");
                    self.ended = Some(Ok((anchor, replay)));
                }
                SessionOutput::Failed(error) => {
                    self.tally.note("gave up");
                    self.ended = Some(Err(error));
                }
                SessionOutput::Event(event) => self.tally.note(named(&event)),
                _ => {}
            }
        }
        messages
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        let timeout = self.clock.when(self.session.poll_timeout()?);
        Some(self.answer_at.map_or(timeout, |(at, _)| at.min(timeout)))
    }

    pub(crate) fn fire(&mut self, now: Duration) {
        let here = self.clock.at(now);
        match self.answer_at.take_if(|(at, _)| *at <= now) {
            Some((_, true)) => self.session.handle_installed(here),
            Some((_, false)) => self.session.handle_install_failed(here),
            None if self.sleeps => {}
            None => self.session.handle_timeout(here),
        }
    }

    /// What must hold whatever has happened.
    pub(crate) fn check(&self, log: &Log) {
        if let Some((anchor, state)) = &self.installed {
            assert_eq!(
                log.anchor(anchor.sequence().get()),
                Some(*anchor),
                "no such anchor"
            );
            let expected = log.state_at(anchor.sequence().get());
            assert!(
                state[..] == expected[..],
                "another state than that at {anchor}"
            );
        }
        if let Some(Ok((anchor, replay))) = &self.ended {
            log.check_replay(*anchor, replay);
        }
        let is_over = self.session.phase().is_final();
        assert_eq!(
            self.session.poll_timeout().is_none(),
            is_over,
            "it waits for ever"
        );
        let usage = self.session.usage();
        assert!(
            usage.spool_bytes + usage.requested_bytes <= self.spool_bytes_max,
            "{usage:?}"
        );
        assert!(usage.entries <= self.entries_max, "{usage:?}");
        assert!(usage.offers <= 4 * self.members.len(), "{usage:?}");
        assert!(
            usage.fetches <= self.window_max * self.members.len(),
            "{usage:?}"
        );
        assert_eq!(usage.outputs, 0);
    }

    fn membership(&self) -> Membership<Name> {
        let members = self.members.iter().copied();
        let present = members.filter(|member| Some(*member) != self.absent);
        Membership::new(FOLLOWER, present).with_leader(self.leader)
    }
}

fn shown<S, E>(output: &SessionOutput<S, Name, E>) -> String {
    match output {
        SessionOutput::Send { to, message } => format!("to {to}: {message:?}"),
        SessionOutput::Install { anchor, .. } => format!("install {anchor}"),
        SessionOutput::Done { anchor, .. } => format!("done {anchor}"),
        SessionOutput::Failed(error) => format!("failed: {error}"),
        SessionOutput::Progress(progress) => format!("{progress:?}"),
        SessionOutput::Event(event) => format!("{event:?}"),
        _ => String::new(),
    }
}

fn named(event: &SessionEvent<Name>) -> &'static str {
    match event {
        SessionEvent::Divergence { .. } => "divergence",
        SessionEvent::Banned { .. } => "banned",
        SessionEvent::TimedOut { .. } => "timed out",
        SessionEvent::Ignored { why, .. } => match why {
            Ignored::Duplicate => "ignored: duplicate",
            Ignored::Unasked => "ignored: unasked",
            Ignored::Banned => "ignored: banned",
            Ignored::NotMember => "ignored: no member",
            _ => "ignored otherwise",
        },
        SessionEvent::Restarted { why, .. } => match why {
            Restart::NoProvider => "restart: no provider",
            Restart::Stalled => "restart: stalled",
            Restart::LogMoved => "restart: log moved",
            _ => "restart otherwise",
        },
        _ => "other session event",
    }
}

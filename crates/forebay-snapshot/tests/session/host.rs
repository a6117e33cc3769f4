use std::time::{Duration, Instant};

use bytes::Bytes;
use forebay_core::Sequence;
use forebay_snapshot::{
    Absence, Anchor, Hash, LogEntry, Membership, MemorySpool, Phase, Piece, Progress, ResumeState,
    Session, SessionConfig, SessionError, SessionOutput, Trust,
};

use crate::catalogue::Catalogue;
use crate::{Event, Message, Name, State};

/// A session with everything that it has said, and a clock that the test sets.
pub(crate) struct Host {
    pub(crate) session: Session<State, Name, u64>,
    pub(crate) now: Instant,
    pub(crate) nonce: u64,
    pub(crate) sent: Vec<(Name, Message)>,
    pub(crate) events: Vec<Event>,
    pub(crate) installs: Vec<(Anchor, Vec<u64>)>,
    pub(crate) replay: Option<Vec<LogEntry<u64>>>,
    pub(crate) error: Option<SessionError>,
    pub(crate) progress: Vec<Progress>,
}

/// A fetch that was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Fetch {
    pub(crate) to: Name,
    pub(crate) id: u64,
    pub(crate) anchor: Anchor,
    pub(crate) piece: Piece,
}

pub(crate) const MS: Duration = Duration::from_millis(1);
pub(crate) const TTL: Duration = Duration::from_secs(600);

/// Settings under which one provider is enough and every chunk is fetched alone.
pub(crate) fn config() -> SessionConfig {
    SessionConfig::new().trust(Trust::Crash).fetch_bytes(1)
}

pub(crate) fn anchor(sequence: u64) -> Anchor {
    Anchor::new(Sequence::new(sequence), 1)
}

/// The peers of which the last one fell behind.
pub(crate) fn members(count: usize) -> Membership<Name> {
    Membership::new(
        "z",
        ["a", "b", "c", "d"][..count].iter().copied().chain(["z"]),
    )
}

#[allow(
    clippy::disallowed_methods,
    reason = "time is virtual, but has to begin somewhere"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}

impl Host {
    pub(crate) fn new(config: SessionConfig, providers: usize) -> Self {
        Self::with_members(config, members(providers))
    }

    pub(crate) fn with_members(config: SessionConfig, members: Membership<Name>) -> Self {
        Self::resume(config, members, MemorySpool::new(), &ResumeState::default())
    }

    pub(crate) fn resume(
        config: SessionConfig,
        members: Membership<Name>,
        spool: MemorySpool,
        state: &ResumeState,
    ) -> Self {
        let now = start();
        let mut host = Self {
            session: Session::resume(now, config, members, 7, spool, state).unwrap(),
            now,
            nonce: 0,
            sent: Vec::new(),
            events: Vec::new(),
            installs: Vec::new(),
            replay: None,
            error: None,
            progress: Vec::new(),
        };
        host.poll();
        host
    }

    /// A host that fetches this snapshot from all its providers, and knows what it consists of.
    pub(crate) fn listing(config: SessionConfig, providers: usize, catalogue: &Catalogue) -> Self {
        let mut host = Self::new(config, providers);
        for peer in &["a", "b", "c", "d"][..providers] {
            host.offer(peer, anchor(10), catalogue.root());
        }
        loop {
            let fetches = host.fetches();
            let lists = |fetch: &&Fetch| matches!(fetch.piece, Piece::Index | Piece::Page(_));
            let Some(fetch) = fetches.iter().find(lists) else {
                host.sent = fetches
                    .iter()
                    .map(|fetch| host.message(*fetch, catalogue))
                    .collect();
                return host;
            };
            for other in fetches.iter().filter(|other| *other != fetch) {
                let message = host.message(*other, catalogue);
                host.sent.push(message);
            }
            host.data(*fetch, catalogue.piece(fetch.piece));
        }
    }

    /// Takes all that the session has to say.
    pub(crate) fn poll(&mut self) {
        while self.session.work(self.now, 1_000) {}
        while let Some(output) = self.session.poll_output() {
            match output {
                SessionOutput::Send { to, message } => {
                    if let Message::Request { nonce, .. } = message {
                        self.nonce = nonce;
                    }
                    self.sent.push((to, message));
                }
                SessionOutput::Install { anchor, state } => {
                    self.installs.push((anchor, state.to_vec()));
                }
                SessionOutput::Done { replay, .. } => self.replay = Some(replay),
                SessionOutput::Failed(error) => self.error = Some(error),
                SessionOutput::Progress(progress) => self.progress.push(progress),
                SessionOutput::Event(event) => self.events.push(event),
                _ => {}
            }
        }
        let is_over = self.session.phase().is_final();
        assert_eq!(self.session.poll_timeout().is_none(), is_over);
    }

    /// Lets time pass, and every timer on the way go off.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(timeout) = self
            .session
            .poll_timeout()
            .filter(|timeout| *timeout <= end)
        {
            self.now = self.now.max(timeout);
            self.session.handle_timeout(self.now);
            self.poll();
        }
        self.now = end;
    }

    pub(crate) fn receive(&mut self, from: Name, message: Message) {
        self.session
            .handle_message(self.now, from, message)
            .unwrap();
        self.poll();
    }

    pub(crate) fn offer(&mut self, from: Name, anchor: Anchor, root: Hash) {
        let nonce = self.nonce;
        let (items, bytes, chunks) = (0, 0, 0);
        self.receive(
            from,
            Message::Offer {
                nonce,
                anchor,
                root,
                items,
                bytes,
                chunks,
                ttl: TTL,
            },
        );
    }

    pub(crate) fn data(&mut self, fetch: Fetch, bytes: Bytes) {
        self.receive(
            fetch.to,
            Message::Data {
                id: fetch.id,
                bytes,
            },
        );
    }

    pub(crate) fn gone(&mut self, fetch: Fetch, why: Absence) {
        self.receive(fetch.to, Message::Gone { id: fetch.id, why });
    }

    pub(crate) fn entries(&mut self, from: u64, count: u64) {
        let entries = (from..=from + (count - 1)).map(|sequence| (1, sequence));
        self.session
            .handle_entries(self.now, anchor(from - 1), entries);
        self.poll();
    }

    /// Takes the fetches that were sent.
    pub(crate) fn fetches(&mut self) -> Vec<Fetch> {
        let sent = std::mem::take(&mut self.sent).into_iter();
        sent.filter_map(|(to, message)| match message {
            Message::Fetch {
                id, anchor, piece, ..
            } => Some(Fetch {
                to,
                id,
                anchor,
                piece,
            }),
            _ => None,
        })
        .collect()
    }

    /// Takes what was sent, and counts the requests.
    pub(crate) fn requests(&mut self) -> usize {
        let sent = std::mem::take(&mut self.sent);
        sent.iter()
            .filter(|(_, message)| matches!(message, Message::Request { .. }))
            .count()
    }

    /// Takes what was sent, and returns who was told that it is over with the snapshot at an anchor.
    pub(crate) fn released(&mut self, at: Anchor) -> Vec<Name> {
        let sent = std::mem::take(&mut self.sent).into_iter();
        sent.filter(|(_, message)| matches!(message, Message::Done { anchor, .. } if *anchor == at))
            .map(|(to, _)| to)
            .collect()
    }

    /// Answers every fetch, and those that follow, until nothing more is to be fetched.
    pub(crate) fn serve(&mut self, catalogue: &Catalogue) {
        for _ in 0..1_000 {
            self.serve_some(catalogue, usize::MAX);
            if !matches!(self.session.phase(), Phase::Listing | Phase::Fetching) {
                return;
            }
            self.pass(50 * MS);
        }
    }

    /// Answers at most so many fetches of chunks.
    pub(crate) fn serve_some(&mut self, catalogue: &Catalogue, mut chunks: usize) {
        loop {
            let fetches = self.fetches();
            if fetches.is_empty() {
                return;
            }
            for fetch in fetches {
                if let Piece::Chunks { .. } = fetch.piece {
                    if chunks == 0 {
                        continue;
                    }
                    chunks -= 1;
                }
                self.data(fetch, catalogue.piece(fetch.piece));
            }
        }
    }

    /// Checks that the state is installed once, and ends the session.
    pub(crate) fn finish(&mut self, at: Anchor, catalogue: &Catalogue) {
        assert_eq!(self.installs.len(), 1, "nothing is installed, or twice");
        let (anchor, items) = &self.installs[0];
        assert_eq!(*anchor, at);
        assert!(*items == catalogue.items, "another state is installed");
        self.session.handle_installed(self.now);
        self.poll();
        assert!(self.replay.is_some());
    }

    fn message(&self, fetch: Fetch, catalogue: &Catalogue) -> (Name, Message) {
        let Fetch {
            to,
            id,
            anchor,
            piece,
        } = fetch;
        (
            to,
            Message::Fetch {
                id,
                anchor,
                root: catalogue.root(),
                piece,
            },
        )
    }
}

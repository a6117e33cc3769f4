use std::collections::VecDeque;
use std::time::Instant;

use forebay_core::Sequence;
use forebay_snapshot::{
    Anchor, LogEntry, Marker, Membership, Message, NotTaken, ProviderConfig, Session,
    SessionConfig, SessionOutput,
};

use crate::desk::{Desk, Office, State};

/// The last of them fell behind.
const PEERS: u32 = 3;
const LAGGARD: u32 = 2;

#[derive(Clone)]
enum Command {
    Push(u64),
    Marker(Marker<u32>),
}

/// A replica with its copy of the state, which it makes of the log.
struct Replica {
    office: Office,
    state: Vec<u64>,
    applied: usize,
}

impl Replica {
    fn new(id: u32, now: Instant) -> Self {
        let mut desk = Desk::new();
        desk.now = now;
        desk.id = id;
        desk.members = (0..PEERS).collect();
        Self {
            office: Office::at(desk, ProviderConfig::new()),
            state: Vec::new(),
            applied: 0,
        }
    }

    fn apply(&mut self, log: &[Command]) {
        for command in &log[self.applied..] {
            self.applied += 1;
            self.office.desk.committed = self.applied as u64;
            match command {
                Command::Push(item) => self.state.push(*item),
                Command::Marker(marker) => {
                    let anchor = Anchor::new(Sequence::new(self.applied as u64), 1);
                    let state = State::from(self.state.clone());
                    let office = &mut self.office;
                    office.provider.taken(&office.desk, marker, anchor, state);
                }
            }
        }
    }
}

struct Group {
    now: Instant,
    log: Vec<Command>,
    replicas: Vec<Replica>,
    session: Session<State, u32, u64>,
    letters: VecDeque<(u32, u32, Message<u32>)>,
    served: Vec<u32>,
}

impl Group {
    fn new(items: u64) -> Self {
        let now = Desk::new().now;
        let members = Membership::new(LAGGARD, 0..PEERS).with_leader(Some(0));
        let mut group = Self {
            now,
            log: (0..items).map(Command::Push).collect(),
            replicas: (0..PEERS).map(|id| Replica::new(id, now)).collect(),
            session: Session::start(now, SessionConfig::new(), members, 7).unwrap(),
            letters: VecDeque::new(),
            served: Vec::new(),
        };
        group.follow();
        group
    }

    /// The log reaches all but the laggard, who only learns how long it is.
    fn follow(&mut self) {
        for replica in &mut self.replicas[..LAGGARD as usize] {
            replica.apply(&self.log);
        }
        self.replicas[LAGGARD as usize].office.desk.committed = self.log.len() as u64;
    }

    /// A new entry, which the laggard's session hears of.
    fn push(&mut self, item: u64) {
        self.log.push(Command::Push(item));
        let after = Anchor::new(Sequence::new(self.log.len() as u64 - 1), 1);
        self.session.handle_entries(self.now, after, [(1, item)]);
        self.follow();
    }

    /// Lets everybody do what there is to do. Returns whether that was anything.
    fn turn(&mut self) -> bool {
        let mut has_done = false;
        for (id, replica) in (0..).zip(&mut self.replicas) {
            let office = &mut replica.office;
            office.desk.now = self.now;
            has_done |= office.poll().is_ready();
            for (to, message) in office.desk.sent.drain(..) {
                self.letters.push_back((id, to, message));
            }
            self.log
                .extend(office.desk.fed.drain(..).map(Command::Marker));
        }
        self.follow();
        if let Some((from, to, message)) = self.letters.pop_front() {
            has_done = true;
            self.deliver(from, to, message);
        }
        has_done
    }

    /// A message goes to the provider of a peer, and what that does not take to its session.
    fn deliver(&mut self, from: u32, to: u32, message: Message<u32>) {
        let provider = &mut self.replicas[to as usize].office.provider;
        match provider.receive(from, message) {
            Ok(()) => {}
            Err(NotTaken::ForSession(message)) => {
                assert_eq!(to, LAGGARD);
                if matches!(message, Message::Data { .. }) {
                    self.served.push(from);
                }
                self.session
                    .handle_message(self.now, from, message)
                    .unwrap();
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn run(&mut self) -> (Anchor, State, Vec<LogEntry<u64>>) {
        let mut installed = None;
        for _ in 0..20_000 {
            let mut has_done = self.turn() | self.session.work(self.now, 1_000);
            while let Some(output) = self.session.poll_output() {
                has_done = true;
                match output {
                    SessionOutput::Send { to, message } => {
                        self.letters.push_back((LAGGARD, to, message));
                    }
                    SessionOutput::Install { anchor, state } => {
                        installed = Some((anchor, state));
                        self.push(1_000_000);
                        self.session.handle_installed(self.now);
                    }
                    SessionOutput::Done { anchor, replay } => {
                        let (installed, snapshot) = installed.unwrap();
                        assert_eq!(installed, anchor);
                        return (anchor, snapshot, replay);
                    }
                    SessionOutput::Failed(why) => panic!("{why}"),
                    _ => {}
                }
            }
            if !has_done {
                let timers = self
                    .replicas
                    .iter()
                    .map(|replica| replica.office.desk.timer);
                let timers = timers.chain([self.session.poll_timeout()]);
                self.now = timers.flatten().min().unwrap().max(self.now);
                self.session.handle_timeout(self.now);
            }
        }
        panic!("nothing comes of it");
    }
}

#[test]
fn a_session_installs_what_polled_providers_have() {
    let mut group = Group::new(50_000);
    let (anchor, snapshot, replay) = group.run();

    let after = |command: &Command| matches!(command, Command::Marker(_));
    let marker = group.log.iter().position(after).unwrap();
    assert_eq!(anchor.sequence().get(), marker as u64 + 1);
    assert_eq!(snapshot[..], (0..50_000).collect::<Vec<_>>()[..]);
    let replay: Vec<_> = replay.into_iter().map(|entry| entry.entry).collect();
    assert_eq!(replay, [1_000_000]);
    let markers = group.log.iter().filter(|command| after(command)).count();
    assert_eq!(markers, 1);
    assert!(group.served.contains(&0) && group.served.contains(&1));
}

#[test]
fn a_session_installs_from_those_who_can_be_sent_little() {
    let mut group = Group::new(50_000);
    for replica in &mut group.replicas {
        let links = &mut replica.office.desk.links;
        links.insert(LAGGARD, crate::desk::Link::Narrow(20_000));
    }
    let (_, snapshot, _) = group.run();
    assert_eq!(snapshot.len(), 50_000);
}

#[test]
fn everything_is_given_back_in_the_end() {
    let mut group = Group::new(1_000);
    group.run();
    for _ in 0..1_000 {
        while group.turn() {}
        let timers = group.replicas.iter();
        let next = timers.filter_map(|replica| replica.office.desk.timer).min();
        let Some(next) = next else { break };
        group.now = group.now.max(next);
    }
    for replica in &group.replicas {
        let usage = replica.office.provider.usage();
        assert_eq!(replica.office.desk.timer, None);
        assert_eq!((usage.snapshots, usage.followers, usage.timers), (0, 0, 0));
    }
}

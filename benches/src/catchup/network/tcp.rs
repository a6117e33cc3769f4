//! Loopback: a thread for the laggard and one for each peer, with a connection between.
//!
//! The machines are the same as on the model, and so are their messages. Time is the machine's, and
//! whoever computes takes it from the others if there are not enough cores.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::catchup::fault::Fault;
use crate::catchup::laggard::Laggard;
use crate::catchup::log::Log;
use crate::catchup::network::wire::{read, write};
use crate::catchup::network::{SECONDS_MAX, TICK_NS};
use crate::catchup::packet::{LAGGARD, LEADER, Name, Packet};
use crate::catchup::peer::{Peer, Work};
use crate::catchup::run::{Outcome, Run, Traffic, check};
use crate::harness::interrupt;
use crate::harness::meter::Meter;

/// How long nobody looks whether the run is to end.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a thread is told.
enum News {
    /// A message came.
    Packet(Name, Packet),
    /// The log has grown.
    Appended,
    /// A connection failed.
    Failed(io::Error),
    /// It is over.
    End,
}

/// The laggard's end.
struct Seat {
    laggard: Laggard,
    log: Log,
    news: Receiver<News>,
    streams: Vec<TcpStream>,
    traffic: Traffic,
    start: Instant,
}

/// Makes a run, and checks what came of it.
pub(in crate::catchup) fn measure(run: &Run<'_>) -> Result<Outcome, Fault> {
    thread::scope(|scope| {
        let meter = Meter::begin();
        let start = Instant::now();
        let log = Log::new(run.past.clone());
        let (tx, news) = mpsc::channel();
        let (streams, peers) = connect(scope, run, &log, &tx)?;
        let mut seat = Seat {
            laggard: Laggard::new(start, run.way, run.equipment()),
            log: log.clone(),
            news,
            streams,
            traffic: Traffic::new(run.peers()),
            start,
        };
        let is_over = AtomicBool::new(false);
        let leader = peers[0].0.clone();
        let found = thread::scope(|scope| {
            scope.spawn(|| write_on(run, &log, start, &leader, &is_over));
            let found = seat.catch_up(run, &meter);
            is_over.store(true, Ordering::Relaxed);
            found
        });
        // Only now is it certain what the last entry is.
        let followed = found.and_then(|found| {
            let head = log.head();
            seat.go_on_until(|laggard| laggard.applied() == head)?;
            check(&seat.laggard, &log).map(|()| found)
        });
        let works = end(peers, &seat.streams);
        Ok(Outcome {
            work: works.fold(Work::default(), Work::with),
            ..followed?
        })
    })
}

impl Seat {
    fn catch_up(&mut self, run: &Run<'_>, meter: &Meter) -> Result<Outcome, Fault> {
        self.go_on_until(Laggard::is_caught_up)?;
        Ok(Outcome {
            elapsed_ns: nanoseconds(self.start.elapsed()),
            traffic: self.traffic.clone(),
            decoded: self.laggard.decoded,
            appended: self.log.head() - run.past.missed,
            work: Work::default(),
            cost: meter.cost(),
        })
    }

    fn go_on_until(&mut self, is_over: impl Fn(&Laggard) -> bool) -> Result<(), Fault> {
        while !is_over(&self.laggard) {
            let now = Instant::now();
            let is_busy = self.laggard.act(now)?;
            while let Some((to, packet)) = self.laggard.poll() {
                self.traffic.count(LAGGARD, to, &packet);
                let stream = &mut self.streams[usize::from(to - LEADER)];
                write(stream, &packet).map_err(Fault::Connection)?;
            }
            if is_over(&self.laggard) {
                return Ok(());
            }
            let wait = match is_busy {
                true => Duration::ZERO,
                false => wait(self.laggard.timeout(), now),
            };
            match self.news.recv_timeout(wait) {
                Ok(News::Packet(from, packet)) => {
                    self.traffic.count(from, LAGGARD, &packet);
                    self.laggard.handle(Instant::now(), from, packet)?;
                }
                Ok(News::Failed(error)) => return Err(Fault::Connection(error)),
                Ok(News::Appended | News::End) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Fault::Stuck),
            }
            if interrupt::requested() || self.start.elapsed().as_secs() > SECONDS_MAX {
                let seconds = SECONDS_MAX;
                return Err(Fault::Late { seconds });
            }
        }
        Ok(())
    }
}

type Place<'scope> = (Sender<News>, ScopedJoinHandle<'scope, Work>);

/// Starts the peers, each with a connection, and a thread at either end that reads from it.
fn connect<'scope>(
    scope: &'scope Scope<'scope, '_>,
    run: &Run<'_>,
    log: &Log,
    laggard: &Sender<News>,
) -> Result<(Vec<TcpStream>, Vec<Place<'scope>>), Fault> {
    let names: Vec<Name> = (LEADER..=run.peers()).collect();
    let (senders, inboxes): (Vec<_>, Vec<_>) = names.iter().map(|_| mpsc::channel()).unzip();
    let pairs: io::Result<Vec<_>> = names.iter().map(|_| pair()).collect();
    let mut streams = Vec::new();
    let mut peers = Vec::new();
    for ((name, news), (near, far)) in names
        .iter()
        .zip(inboxes)
        .zip(pairs.map_err(Fault::Connection)?)
    {
        let (name, sender) = (*name, senders[usize::from(*name - LEADER)].clone());
        let near_reader = near.try_clone().map_err(Fault::Connection)?;
        let far_reader = far.try_clone().map_err(Fault::Connection)?;
        let laggard = laggard.clone();
        scope.spawn(move || listen(near_reader, name, &laggard));
        let listener = sender.clone();
        scope.spawn(move || listen(far_reader, LAGGARD, &listener));
        let peer = Peer::new(name, run.peers(), log.clone());
        let others = senders.clone();
        let running = scope.spawn(move || serve(peer, &news, far, &others));
        streams.push(near);
        peers.push((sender, running));
    }
    Ok((streams, peers))
}

/// Returns the two ends of a connection.
fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    Ok((near, far))
}

/// Hands on what comes from one end of a connection, until that is closed.
fn listen(mut stream: TcpStream, from: Name, news: &Sender<News>) {
    loop {
        let told = match read(&mut stream) {
            Ok(Some(packet)) => news.send(News::Packet(from, packet)),
            Ok(None) => return,
            Err(error) => news.send(News::Failed(error)),
        };
        if told.is_err() {
            return;
        }
    }
}

/// Is a peer until the end.
fn serve(
    mut peer: Peer,
    news: &Receiver<News>,
    mut stream: TcpStream,
    others: &[Sender<News>],
) -> Work {
    loop {
        let now = Instant::now();
        let is_busy = peer.act(now);
        while let Some((to, packet)) = peer.poll() {
            let sent = match to {
                LAGGARD => write(&mut stream, &packet).is_ok(),
                // A peer that has ended need not be told.
                other => {
                    let packet = News::Packet(LEADER, packet);
                    let _ = others[usize::from(other - LEADER)].send(packet);
                    true
                }
            };
            if !sent {
                return peer.work;
            }
        }
        let wait = match is_busy {
            true => Duration::ZERO,
            false => wait(peer.timeout(), now),
        };
        match news.recv_timeout(wait) {
            Ok(News::Packet(from, packet)) => peer.handle(Instant::now(), from, packet),
            Ok(News::Appended) => peer.appended(),
            Err(RecvTimeoutError::Timeout) => {}
            Ok(News::End | News::Failed(_)) | Err(RecvTimeoutError::Disconnected) => {
                return peer.work;
            }
        }
    }
}

/// Makes changes until it is over.
fn write_on(run: &Run<'_>, log: &Log, start: Instant, leader: &Sender<News>, is_over: &AtomicBool) {
    let mut written = 0;
    // Relaxed: the flag guards nothing, and the scope's end orders what was written.
    while run.writes_per_second > 0.0 && !is_over.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_nanos(TICK_NS));
        let due = run.writes_by(nanoseconds(start.elapsed())) - written;
        if due > 0 {
            log.write(due);
            written += due;
            // A leader that has ended says so in another way.
            let _ = leader.send(News::Appended);
        }
    }
}

/// Ends the peers, and returns what each has done.
fn end(peers: Vec<Place<'_>>, streams: &[TcpStream]) -> impl Iterator<Item = Work> {
    for stream in streams {
        // One that is closed already is closed.
        let _ = stream.shutdown(std::net::Shutdown::Both);
    }
    for (news, _) in &peers {
        let _ = news.send(News::End);
    }
    peers
        .into_iter()
        .map(|(_, running)| running.join().unwrap_or_default())
}

fn wait(timeout: Option<Instant>, now: Instant) -> Duration {
    let until = timeout.map(|at| at.saturating_duration_since(now));
    until.map_or(LOOK_EVERY, |until| until.min(LOOK_EVERY))
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

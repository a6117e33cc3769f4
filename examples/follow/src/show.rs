//! All processes at once: some are late, some are killed, and all have the same in the end.

use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use forebay_core::{Cursor, Sequence};
use hyper::Method;
use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};
use tokio::{select, time};

use crate::applied;
use crate::client::Client;
use crate::load::{fill, keep_writing, watch};
use crate::peers::LEADER;
use crate::process::{Process, free_addresses, wait_until};
use crate::worker;
use crate::writer::Fatal;

/// How many keys there are, each of which is set once before anything else happens.
const KEYS: u64 = 20_000;

/// From then on, so many are set again in a second.
const WRITES_PER_SECOND: u32 = 200;

/// Snapshots are given so slowly that there is something to see on loopback.
const BYTES_PER_SECOND: u64 = 512 << 10;

/// How many entries of the log are kept: not enough for who starts late.
const TRAILING: u64 = 5_000;

/// How much of the state the late replica has when the other one is killed.
const KILL_AT_PERCENT: u64 = 40;

/// How often the late replica is started at most, until it is seen on its way.
const STARTS_MAX: usize = 10;

const WORKER: &str = "worker";
const APPLIED: &str = "applied.jsonl";
const POSITIONS: &str = "positions.ckpt";
const REPLICAS: [&str; 2] = ["replica-1", "replica-2"];

/// What the show is told.
#[derive(Debug)]
pub struct Options {
    /// Where the service listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where files go; without it they are gone in the end.
    pub folder: Option<PathBuf>,
    /// How long it goes on after everything was shown; without it, until it is interrupted.
    pub stay: Option<Duration>,
}

/// Where everything is.
struct Stage {
    program: PathBuf,
    folder: PathBuf,
    service: SocketAddr,
    /// Where the service and the replicas give snapshots.
    snapshots: [SocketAddr; 3],
    /// Where the replicas answer who reads.
    reads: [SocketAddr; 2],
}

/// Shows it all, and fails if anything is lost.
///
/// # Errors
///
/// If a process ends, or has in the end what it should not have.
///
/// # Cancel safety
///
/// All processes are killed.
pub async fn run(options: Options, interrupted: impl Future<Output = ()>) -> Result<(), Fatal> {
    let temporary = tempfile::tempdir()?;
    let folder = options.folder.unwrap_or_else(|| temporary.path().into());
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot write to {}: {error}", folder.display()))?;
    let [service, first, second, reads @ ..] = free_addresses::<5>()?;
    let mut stage = Stage {
        program: env::current_exe()?,
        folder,
        service: options.listen,
        snapshots: [service, first, second],
        reads,
    };
    let shown = async {
        let mut service = stage.start_service().await?;
        let running = stage.show().await?;
        match options.stay {
            Some(stay) => time::sleep(stay).await,
            None => {
                println!("everything goes on until it is interrupted");
                service.ended().await?;
                return Err("the service has ended".into());
            }
        }
        drop(running);
        Ok(())
    };
    select! {
        shown = shown => shown,
        () = interrupted => Ok(()),
    }
}

impl Stage {
    async fn start_service(&mut self) -> Result<Process, Fatal> {
        let mut arguments = vec![
            "service".to_owned(),
            format!("--listen={}", self.service),
            format!("--database={}", self.path("config.sqlite").display()),
            format!("--positions={}", self.path(POSITIONS).display()),
        ];
        arguments.extend(self.seat(0));
        let mut service = Process::start(&self.program, LEADER, &arguments)?;
        let address = service.wait_for("listening on http://").await?;
        println!("listening on http://{address}");
        self.service = address.parse()?;
        Ok(service)
    }

    fn start_worker(&self) -> Result<Process, Fatal> {
        let arguments = [
            "worker".to_owned(),
            format!("--name={WORKER}"),
            format!("--service={}", self.service),
            format!("--applied={}", self.path(APPLIED).display()),
            format!("--checkpoint={}", self.path(POSITIONS).display()),
        ];
        Ok(Process::start(&self.program, WORKER, &arguments)?)
    }

    fn start_replica(&self, number: usize) -> Result<Process, Fatal> {
        let name = REPLICAS[number];
        let mut arguments = vec![
            "replica".to_owned(),
            format!("--name={name}"),
            format!("--service={}", self.service),
            format!("--listen={}", self.reads[number]),
        ];
        arguments.extend(self.seat(number + 1));
        Ok(Process::start(&self.program, name, &arguments)?)
    }

    /// How a process and the others give each other snapshots.
    fn seat(&self, place: usize) -> Vec<String> {
        let names = [LEADER, REPLICAS[0], REPLICAS[1]];
        let mut arguments = vec![
            format!("--peer-listen={}", self.snapshots[place]),
            format!("--peer-bytes-per-second={BYTES_PER_SECOND}"),
            format!("--trailing={TRAILING}"),
        ];
        for other in (0..names.len()).filter(|other| *other != place) {
            let (name, address) = (names[other], self.snapshots[other]);
            arguments.push(format!("--peer={name}={address}"));
        }
        arguments
    }

    async fn show(&self) -> Result<impl Sized + use<>, Fatal> {
        let mut worker = self.start_worker()?;
        let mut early = self.start_replica(0)?;
        early.wait_for("listening").await?;
        let watchers = watch(self.service);
        fill(self.service, KEYS).await?;
        let load = keep_writing(self.service, KEYS, WRITES_PER_SECOND);
        println!(
            "{KEYS} keys are set, a worker and {} follow, and the writes go on",
            early.name
        );

        self.shortened().await?;
        let mut late = self.start_replica(1)?;
        println!("{} starts, too late for the log", late.name);
        let mut starts = 1;
        while !show_progress(&mut late, Some(&mut early)).await? {
            // On a machine that is busy with other things, the rest may come at once.
            if starts == STARTS_MAX {
                return Err("it had everything before its provider was killed".into());
            }
            starts += 1;
            println!(
                "{} was not to be seen on its way, and starts again",
                late.name
            );
            late.kill().await?;
            late = self.start_replica(1)?;
        }
        println!("{} starts again, with nothing", early.name);
        early = self.start_replica(0)?;
        show_progress(&mut early, None).await?;

        worker.kill().await?;
        let killed = self.applied().await?;
        println!(
            "the worker is killed: it has applied entries up to {}, and committed up to {}",
            killed.last, killed.committed
        );
        worker = self.start_worker()?;
        load.stop().await;
        self.compare().await?;
        self.check_worker(killed).await?;
        let load = keep_writing(self.service, KEYS, WRITES_PER_SECOND);
        Ok((worker, early, late, load, watchers))
    }

    /// Waits until the log does not go back to its beginning any more.
    async fn shortened(&self) -> Result<(), Fatal> {
        wait_until("the log is shortened", async || {
            let client = Client::connect(self.service).await?;
            let mut log = client.events("/log?from=oldest", None).await?;
            let begun = log.next().await?.unwrap_or_default();
            let begin = begun.first().and_then(|event| event.id.as_deref());
            let begin: Option<Cursor> = begin.map(str::parse).transpose()?;
            Ok(begin.is_some_and(|cursor| cursor.sequence() > Sequence::ZERO))
        })
        .await
    }

    /// Waits until the replicas have what the service has, and compares it.
    async fn compare(&self) -> Result<(), Fatal> {
        let source = self.read(self.service, "/config").await?;
        for (address, name) in self.reads.into_iter().zip(REPLICAS) {
            // The service goes on as well, when somebody has it put a marker into the log.
            wait_until("a replica catches up", async || {
                let position = self.position(self.service).await?;
                Ok(self.position(address).await? == position)
            })
            .await?;
            if self.read(address, "/config").await? != source {
                return Err(format!("{name} differs from the service").into());
            }
        }
        let position = self.position(self.service).await?;
        println!("the replicas are equal to the service, at {position}");
        Ok(())
    }

    /// Waits until the worker has applied everything, and checks what it has applied twice.
    async fn check_worker(&self, killed: Applied) -> Result<(), Fatal> {
        let head: Cursor = self.position(self.service).await?.parse()?;
        let head = head.sequence().get();
        // The last entry may be a marker, which is committed and not applied.
        wait_until("the worker applies everything", async || {
            Ok(self.applied().await?.committed >= head)
        })
        .await?;
        let applied = applied::read(&self.path(APPLIED))?;
        let mut last = 0;
        let mut again = 0;
        for at in applied.iter().filter_map(|line| line.at) {
            if at <= last {
                again = last + 1 - at;
            }
            last = at;
        }
        if again > killed.last - killed.committed {
            return Err("the worker has applied what it had committed".into());
        }
        println!("the worker has applied everything, and {again} entries of it twice");
        Ok(())
    }

    async fn applied(&self) -> Result<Applied, Fatal> {
        let applied = applied::read(&self.path(APPLIED))?;
        let committed = worker::committed(&self.path(POSITIONS), WORKER)?;
        Ok(Applied {
            last: applied.iter().rev().find_map(|line| line.at).unwrap_or(0),
            committed: committed.map_or(0, |cursor| cursor.sequence().get()),
        })
    }

    async fn position(&self, address: SocketAddr) -> Result<String, Fatal> {
        self.read(address, "/position").await
    }

    async fn read(&self, address: SocketAddr, path: &str) -> Result<String, Fatal> {
        let mut client = Client::connect(address).await?;
        let (_, body) = client.request(Method::GET, path, "").await?;
        Ok(String::from_utf8(body.to_vec())?)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// How far the worker is, by its files.
struct Applied {
    last: u64,
    committed: u64,
}

/// Shows how a replica catches up, and kills one of its providers in the middle. Returns whether
/// that was done.
async fn show_progress(
    replica: &mut Process,
    mut victim: Option<&mut Process>,
) -> Result<bool, Fatal> {
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template(
        "{wide_bar} {human_pos} of {human_len} keys {msg}",
    )?);
    let mut is_killed = false;
    loop {
        let line = replica.line().await?;
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["progress", items, total, bytes, providers, phase] => {
                let (items, total): (u64, u64) = (items.parse()?, total.parse()?);
                bar.set_length(total);
                bar.set_position(items);
                let (bytes, phase) = (DecimalBytes(bytes.parse()?), phase.to_lowercase());
                bar.set_message(format!("{bytes}, {providers} providers, {phase}"));
                let is_time = total > 0 && items * 100 >= total * KILL_AT_PERCENT;
                if phase == "fetching"
                    && is_time
                    && let Some(victim) = victim.take()
                {
                    victim.kill().await?;
                    is_killed = true;
                    let (name, of) = (&victim.name, &replica.name);
                    bar.suspend(|| {
                        println!("{name} is killed: {of} has {items} of {total} keys");
                    });
                }
            }
            ["following", position] => {
                bar.finish_and_clear();
                println!("{} has caught up, at {position}", replica.name);
                return Ok(is_killed);
            }
            _ => {}
        }
    }
}

//! Starts the replicas, kills one, and compares what they have in the end.

use std::env;
use std::error::Error;
use std::net::TcpListener;
use std::ops::Range;
use std::process::{self, Stdio};
use std::time::Duration;

use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time;

use crate::stage::{LEADER, NAMES, Name, Ports};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const LAGGARD: Name = 3;
const VICTIM: Name = 2;

/// How much of the state the laggard has when one of its two providers is killed.
const KILL_AT_PERCENT: u64 = 40;

/// How often the laggard is started at most, until it is seen on its way.
const STARTS_MAX: usize = 10;

/// Nothing here takes so long, on any machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Below the ports that systems give to clients, so that nobody takes one whose process was killed.
const PORTS: Range<u16> = 20_000..30_000;
const PORTS_APART: usize = 61;

struct Replica {
    name: Name,
    process: Child,
    orders: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

/// Shows it all, and fails if the states differ.
pub async fn run() -> Result<()> {
    let ports = free_ports()?;
    println!("replica {LEADER} leads the log, replica {VICTIM} follows it");
    let mut leader = Replica::start(LEADER, ports)?;
    leader.wait_for("ready").await?;
    let mut victim = Replica::start(VICTIM, ports)?;
    victim.wait_for("ready").await?;
    leader.order("write").await?;
    let keys = leader.wait_for("filled").await?;
    println!("{keys} keys are written, and the writes go on");

    println!("replica {LAGGARD} starts, too late for the log");
    let mut laggard = Replica::start(LAGGARD, ports)?;
    let mut starts = 1;
    while !laggard.show(Some(&mut victim)).await? {
        // On a machine that is busy with other things, the rest may come at once.
        if starts == STARTS_MAX {
            return Err("it had everything before its provider was killed".into());
        }
        starts += 1;
        println!("replica {LAGGARD} was not to be seen on its way, and starts again");
        laggard.process.kill().await?;
        laggard = Replica::start(LAGGARD, ports)?;
    }
    println!("replica {VICTIM} starts again, with nothing");
    victim = Replica::start(VICTIM, ports)?;
    victim.show(None).await?;

    leader.order("seal").await?;
    let mut states = Vec::new();
    for replica in [&mut leader, &mut victim, &mut laggard] {
        let state = replica.wait_for("sealed").await?;
        let (sequence, rest) = state.split_once(' ').ok_or("no sequence")?;
        let (items, hash) = rest.split_once(' ').ok_or("no hash")?;
        println!(
            "replica {}, entry {sequence}: {items} keys, {hash}",
            replica.name
        );
        states.push(state);
    }
    if states.iter().any(|state| *state != states[0]) {
        return Err("the states differ".into());
    }
    println!("the states are equal");
    Ok(())
}

impl Replica {
    fn start(name: Name, ports: Ports) -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .arg(name.to_string())
            .args(ports.all().map(|port| port.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = process.stdin.take().ok_or("no input")?;
        let lines = process.stdout.take().ok_or("no output")?;
        Ok(Self {
            name,
            process,
            orders,
            lines: BufReader::new(lines).lines(),
        })
    }

    async fn order(&mut self, order: &str) -> Result<()> {
        let line = format!("{order}\n");
        Ok(self.orders.write_all(line.as_bytes()).await?)
    }

    async fn line(&mut self) -> Result<String> {
        let line = time::timeout(PATIENCE, self.lines.next_line()).await??;
        line.ok_or_else(|| format!("replica {} has ended", self.name).into())
    }

    /// Returns what comes after a word at the start of a line.
    async fn wait_for(&mut self, word: &str) -> Result<String> {
        loop {
            if let Some(rest) = self.line().await?.strip_prefix(word) {
                return Ok(rest.trim().to_owned());
            }
        }
    }

    /// Shows how it catches up, and kills one of its providers in the middle. Returns whether that
    /// was done.
    async fn show(&mut self, mut victim: Option<&mut Self>) -> Result<bool> {
        let bar = ProgressBar::new(0);
        bar.set_style(ProgressStyle::with_template(
            "{wide_bar} {human_pos} of {human_len} keys {msg}",
        )?);
        let mut is_killed = false;
        loop {
            let line = self.line().await?;
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
                        // On Unix, this is the signal that cannot be caught.
                        victim.process.kill().await?;
                        is_killed = true;
                        bar.suspend(|| {
                            println!(
                                "replica {} is killed: replica {} has {items} of {total} keys, \
                                 from {providers} providers",
                                victim.name, self.name
                            );
                        });
                    }
                }
                ["followed", sequence] => {
                    bar.finish_and_clear();
                    println!("replica {} has caught up, at entry {sequence}", self.name);
                    return Ok(is_killed);
                }
                _ => {}
            }
        }
    }
}

/// Looks for ports that are free. Whoever looks at the same time begins elsewhere.
fn free_ports() -> Result<Ports> {
    let first = usize::try_from(process::id())?.wrapping_mul(PORTS_APART) % PORTS.len();
    let first = PORTS.start + u16::try_from(first)?;
    let ports = (first..PORTS.end).chain(PORTS.start..first);
    let free = ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    let free: Vec<_> = free.take(NAMES.len() + 3).collect();
    let free = free.try_into().map_err(|_| "no port is free")?;
    Ok(Ports::new(free))
}

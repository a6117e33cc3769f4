//! The processes of the system, and a show of all of them: `cargo run -- --help`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use forebay_example_follow::config::Name;
use forebay_example_follow::peers::{LEADER, PeerAddress, Seat};
use forebay_example_follow::writer::{Fatal, Keeping};
use forebay_example_follow::{replica, service, show, worker};
use tokio::runtime::Runtime;
use tokio::{io, select};

/// A configuration service whose changes are watched, applied by a worker, and replicated. Without
/// a command, a show of all of it.
#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    show: ShowOptions,

    /// End when standard input does: for a program that starts this one, and may be killed.
    #[arg(long, global = true)]
    until_input_ends: bool,
}

#[derive(Debug, Args)]
struct ShowOptions {
    /// Where the service listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,

    /// Where files go; without it they are gone in the end.
    #[arg(long)]
    folder: Option<PathBuf>,

    /// How many seconds to go on after everything was shown; without it, until interrupted.
    #[arg(long)]
    stay: Option<u64>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves a database until it is interrupted.
    Service(ServiceOptions),
    /// Applies every change of a service, and commits how far it is.
    Worker(WorkerOptions),
    /// Follows a service, and has all of its state, too.
    Replica(ReplicaOptions),
}

#[derive(Debug, Args)]
struct ServiceOptions {
    /// Where to listen for HTTP; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,

    /// The file with everything; it is created if it is not there.
    #[arg(long)]
    database: PathBuf,

    /// How many bytes the database may have.
    #[arg(long, default_value_t = 1 << 30)]
    database_bytes_max: u64,

    /// The checkpoint file of workers on this machine, for the page.
    #[arg(long)]
    positions: Option<PathBuf>,

    /// How many changes of a key, and of a topic, are kept for a watcher that comes back.
    #[arg(long, default_value_t = 1_000)]
    window: usize,

    /// How many changes a watcher may be behind; further for half a minute.
    #[arg(long, default_value_t = 10_000)]
    behind_max: usize,

    #[command(flatten)]
    seat: SeatOptions,
}

#[derive(Debug, Args)]
struct WorkerOptions {
    /// What it is called; a later worker of that name takes over.
    #[arg(long, default_value = "worker")]
    name: Name,

    /// The service to follow.
    #[arg(long, default_value = "127.0.0.1:3000")]
    service: SocketAddr,

    /// The file to write what was applied to.
    #[arg(long, default_value = "applied.jsonl")]
    applied: PathBuf,

    /// The file to commit positions to, which any number of workers may share.
    #[arg(long, default_value = "positions.ckpt")]
    checkpoint: PathBuf,

    /// Commit after so many changes.
    #[arg(long, default_value_t = 100)]
    commit_every: u64,

    /// Commit so many milliseconds after the first change that is not committed.
    #[arg(long, default_value_t = 200)]
    commit_interval: u64,
}

#[derive(Debug, Args)]
struct ReplicaOptions {
    /// What it is called; no other peer is.
    #[arg(long)]
    name: Name,

    /// Where to listen for HTTP; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// The service to follow.
    #[arg(long, default_value = "127.0.0.1:3000")]
    service: SocketAddr,

    #[command(flatten)]
    seat: SeatOptions,
}

/// How a process and its peers give each other snapshots.
#[derive(Debug, Args)]
struct SeatOptions {
    /// Where to give snapshots.
    #[arg(long, default_value = "127.0.0.1:0")]
    peer_listen: SocketAddr,

    /// Another one: NAME=ADDRESS, of which the service is called `service`.
    #[arg(long = "peer")]
    peers: Vec<PeerAddress>,

    /// How fast snapshots are given to one other; as fast as it goes, if that is not said.
    #[arg(long)]
    peer_bytes_per_second: Option<u64>,

    /// How many entries of the log are kept for those who are a little behind.
    #[arg(long, default_value_t = 100_000)]
    trailing: u64,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_target(false)
        .with_writer(std::io::stderr)
        // A log that is on a full disk as well must not end the process.
        .log_internal_errors(false)
        .init();
    let options = Options::parse();
    let outcome = Runtime::new().map_err(Into::into).and_then(|runtime| {
        let outcome = runtime.block_on(run(options));
        // The thread that reads the input may wait for ever.
        runtime.shutdown_background();
        outcome
    });
    let Err(error) = outcome else {
        return ExitCode::SUCCESS;
    };
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // Not every error leaves its cause to whoever asks for it.
        if line.contains(&text) {
            break;
        }
        line.push_str(": ");
        line.push_str(&text);
        source = cause.source();
    }
    tracing::error!("{line}");
    ExitCode::FAILURE
}

async fn run(options: Options) -> Result<(), Fatal> {
    let ended = ended(options.until_input_ends)?;
    match options.command {
        Some(Command::Service(options)) => service::run(options.into(), ended).await,
        Some(Command::Worker(options)) => worker::run(options.into(), ended).await,
        Some(Command::Replica(options)) => replica::run(options.into(), ended).await,
        None => show::run(options.show.into(), ended).await,
    }
}

/// Waits until it is time to end. Signals are heard from now on.
fn ended(with_input: bool) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let interrupted = interrupted()?;
    let input_ended = async move {
        if !with_input {
            std::future::pending::<()>().await;
        }
        // Whatever comes is of no interest, and a failure is an end, too.
        let _ = io::copy(&mut io::stdin(), &mut io::sink()).await;
    };
    Ok(async move {
        select! {
            () = interrupted => {}
            () = input_ended => {}
        }
    })
}

/// Waits for Ctrl-C, or until the system wants the process to end.
fn interrupted() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupted = signal(SignalKind::interrupt())?;
        let mut terminated = signal(SignalKind::terminate())?;
        Ok(async move {
            select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        // Without a handler there is no other way to end than being killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}

impl From<ServiceOptions> for service::Options {
    fn from(options: ServiceOptions) -> Self {
        Self {
            listen: options.listen,
            database: options.database,
            positions: options.positions,
            keeping: Keeping {
                window: options.window,
                behind_max: options.behind_max,
                grace: Duration::from_secs(30),
                database_bytes_max: options.database_bytes_max,
            },
            seat: options.seat.of(LEADER.to_owned()),
        }
    }
}

impl From<ReplicaOptions> for replica::Options {
    fn from(options: ReplicaOptions) -> Self {
        Self {
            listen: options.listen,
            service: options.service,
            seat: options.seat.of(options.name.to_string()),
        }
    }
}

impl From<WorkerOptions> for worker::Options {
    fn from(options: WorkerOptions) -> Self {
        Self {
            name: options.name.to_string(),
            service: options.service,
            applied: options.applied,
            checkpoint: options.checkpoint,
            commit_every: options.commit_every,
            commit_interval: Duration::from_millis(options.commit_interval),
        }
    }
}

impl From<ShowOptions> for show::Options {
    fn from(options: ShowOptions) -> Self {
        Self {
            listen: options.listen,
            folder: options.folder,
            stay: options.stay.map(Duration::from_secs),
        }
    }
}

impl SeatOptions {
    fn of(self, name: String) -> Seat {
        Seat {
            name,
            listen: self.peer_listen,
            peers: self.peers,
            bytes_per_second: self.peer_bytes_per_second,
            trailing: self.trailing,
        }
    }
}

//! The processes of the system, and a show of all of them: `cargo run -- --help`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use forebay_example_follow::peers::{LEADER, PeerAddress, Seat};
use forebay_example_follow::service;
use forebay_example_follow::writer::{Fatal, Keeping};
use tokio::signal;

/// A configuration service whose changes are watched, applied by a worker, and replicated. Without
/// a command, a show of all of it.
#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves a database until it is interrupted.
    Service(ServiceOptions),
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

#[tokio::main]
async fn main() -> Result<(), Fatal> {
    tracing_subscriber::fmt()
        .with_target(false)
        .with_writer(std::io::stderr)
        .init();
    match Options::parse().command {
        Some(Command::Service(options)) => service::run(options.into(), interrupted()).await,
        None => Ok(()),
    }
}

async fn interrupted() {
    // Without a handler there is no other way to end than being killed.
    if signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
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

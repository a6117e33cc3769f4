//! Serves until it is interrupted: `cargo run -- --help`.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use forebay_example_read_path::database::Database;
use forebay_example_read_path::exit::{self, interrupted};
use forebay_example_read_path::loaders::Loaders;
use forebay_example_read_path::service::serve;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;

/// Serves users and orders from an SQLite database, and /metrics.
#[derive(Debug, Parser)]
struct Options {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,

    /// The database; without it, one with 1,000 users and 10,000 orders is made and removed again.
    #[arg(long)]
    database: Option<PathBuf>,

    /// How many seconds a statement may take.
    #[arg(long, default_value_t = 2)]
    timeout: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    exit::code(run(Options::parse()).await)
}

async fn run(options: Options) -> Result<(), Box<dyn Error + Send + Sync>> {
    tracing_subscriber::fmt()
        .with_target(false)
        .with_writer(std::io::stderr)
        .init();
    let metrics = PrometheusBuilder::new().install_recorder()?;

    let folder = tempfile::tempdir()?;
    let database = match options.database {
        Some(path) => Database::new(path),
        None => Database::create(&folder.path().join("shop.sqlite"), 1_000, 10_000)?,
    };
    let address = options.listen;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let timeout = Duration::from_secs(options.timeout);
    let ended = interrupted()?;
    println!("listening on http://{}", listener.local_addr()?);
    serve(listener, Loaders::new(&database, timeout)?, metrics, ended).await?;
    Ok(())
}

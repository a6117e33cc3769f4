//! Asks a service for rows and says what its stages saved: `cargo run --bin load -- --help`.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use forebay_example_read_path::client::Client;
use forebay_example_read_path::database::Database;
use forebay_example_read_path::exit::{self, interrupted};
use forebay_example_read_path::load::{Workload, run};
use forebay_example_read_path::loaders::Loaders;
use forebay_example_read_path::report::Counters;
use forebay_example_read_path::service::serve;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tokio::select;

/// Asks a service for users and orders, and prints what each stage saved.
#[derive(Debug, Parser)]
struct Options {
    /// Where a service listens; without it, one is started for as long as this runs.
    #[arg(long)]
    address: Option<SocketAddr>,

    /// How many clients ask, each for one thing at a time.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..))]
    clients: u64,

    /// How many requests all of them make.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..))]
    requests: u64,

    /// How many users the database has.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    users: u32,

    /// How many orders the database has.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    orders: u32,

    /// How uneven the keys are asked for: 0 is evenly, 1 as pages of a web site are.
    #[arg(long, default_value_t = 1.0)]
    skew: f64,

    /// Equal seeds give equal requests.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How many seconds a statement may take of the service that is started.
    #[arg(long, default_value_t = 2)]
    timeout: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    exit::code(ask_or_end(Options::parse()).await)
}

async fn ask_or_end(options: Options) -> Result<(), Box<dyn Error + Send + Sync>> {
    let ended = interrupted()?;
    select! {
        outcome = ask(options) => outcome,
        // Returns, so that the database is removed.
        () = ended => Err("interrupted".into()),
    }
}

async fn ask(options: Options) -> Result<(), Box<dyn Error + Send + Sync>> {
    let workload = Workload {
        clients: options.clients,
        requests: options.requests,
        users: options.users,
        orders: options.orders,
        skew: options.skew,
        seed: options.seed,
    };
    let folder = tempfile::tempdir()?;
    let address = match options.address {
        Some(address) => address,
        None => {
            let path = folder.path().join("shop.sqlite");
            start(&path, workload, Duration::from_secs(options.timeout)).await?
        }
    };
    let before = counters(address).await;
    let before = before.map_err(|error| format!("no service answers at {address}: {error}"))?;
    let outcome = run(address, workload).await?;
    let counted = counters(address).await?.since(before);

    let seconds = outcome.took.as_secs_f64();
    let rate = options.requests as f64 / seconds;
    println!(
        "{} requests in {seconds:.1} s, {rate:.0} a second",
        options.requests
    );
    let at = |quantile| outcome.latency.value_at_quantile(quantile) as f64 / 1_000.0;
    println!(
        "p50 {:.1} ms, p99 {:.1} ms, {} refused",
        at(0.5),
        at(0.99),
        outcome.refused
    );
    println!("\n{counted}");
    Ok(())
}

/// Starts a service over a new database that has what the workload asks for.
async fn start(
    path: &Path,
    workload: Workload,
    timeout: Duration,
) -> Result<SocketAddr, Box<dyn Error + Send + Sync>> {
    // Stages look for whoever records when they are built.
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let (users, orders) = (workload.users.into(), workload.orders.into());
    let loaders = Loaders::new(&Database::create(path, users, orders)?, timeout)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, loaders, metrics, std::future::pending()));
    Ok(address)
}

async fn counters(address: SocketAddr) -> std::io::Result<Counters> {
    let (_, body) = Client::connect(address).await?.get("/metrics").await?;
    Ok(Counters::parse(&String::from_utf8_lossy(&body)))
}

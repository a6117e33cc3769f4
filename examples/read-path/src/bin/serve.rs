//! Serves until it is interrupted: `cargo run -- --help`.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use forebay_example_read_path::database::Database;
use forebay_example_read_path::loaders::Loaders;
use forebay_example_read_path::service::serve;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tokio::signal;

/// Serves users and orders from an SQLite database, and /metrics.
#[derive(Debug, Parser)]
struct Options {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,

    /// The database; without it, one with 1,000 users and 10,000 orders is made and removed again.
    #[arg(long)]
    database: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let options = Options::parse();
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
    let listener = TcpListener::bind(options.listen).await?;
    println!("listening on http://{}", listener.local_addr()?);

    let interrupted = async {
        // Without a handler there is no other way to end than being killed.
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    serve(listener, Loaders::new(&database)?, metrics, interrupted).await?;
    Ok(())
}

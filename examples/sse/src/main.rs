//! Serves an empty board until it is interrupted: `cargo run`, or `cargo run -- ADDRESS`.

use std::env;
use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use forebay_events::Retention;
use forebay_example_sse::board::Board;
use forebay_example_sse::server::serve;
use tokio::net::TcpListener;
use tokio::{select, signal};

const ADDRESS: &str = "127.0.0.1:3000";

/// So many changes of a key, and of everything, are there for who comes back.
const WINDOW: usize = 1_000;

/// A reader may be this far behind, and further for a while.
const BEHIND_MAX: usize = 10_000;
const GRACE: Duration = Duration::from_secs(30);

/// Shorter than the minute after which many proxies close what is silent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| ADDRESS.to_owned());
    let (Ok(address), None) = (address.parse(), arguments.next()) else {
        eprintln!("error: where to listen is all that it is told, such as {ADDRESS}");
        return ExitCode::from(2);
    };
    match run(address).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let retention = Retention::readers_up_to(BEHIND_MAX)
        .grace(GRACE)
        .with_window(WINDOW);
    let board = Arc::new(Board::new(retention)?);
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    println!("listening on http://{}", listener.local_addr()?);
    serve(listener, board, KEEP_ALIVE, interrupted()).await?;
    Ok(())
}

/// Waits for Ctrl-C, or until the system wants the process to end.
async fn interrupted() {
    let terminated = async {
        #[cfg(unix)]
        if let Ok(mut told) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
            told.recv().await;
            return;
        }
        std::future::pending().await
    };
    select! {
        Ok(()) = signal::ctrl_c() => {}
        () = terminated => {}
    }
}

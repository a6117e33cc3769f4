//! Serves an empty board until it is interrupted: `cargo run`, or `cargo run -- ADDRESS`.

use std::env;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use forebay_events::Retention;
use forebay_example_sse::board::Board;
use forebay_example_sse::server::serve;
use tokio::net::TcpListener;

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
    let ended = interrupted()?;
    println!("listening on http://{}", listener.local_addr()?);
    serve(listener, board, KEEP_ALIVE, ended).await?;
    Ok(())
}

/// Waits for Ctrl-C, or until the system wants the process to end. Both are heard from now on.
fn interrupted() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupted = signal(SignalKind::interrupt())?;
        let mut terminated = signal(SignalKind::terminate())?;
        Ok(async move {
            tokio::select! {
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

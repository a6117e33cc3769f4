//! Serves an empty board on this machine until it is interrupted.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use forebay_events::Retention;
use forebay_example_sse::board::Board;
use forebay_example_sse::server::serve;
use tokio::net::TcpListener;
use tokio::signal;

const ADDRESS: &str = "127.0.0.1:3000";

/// So many changes of a key, and of everything, are there for who comes back.
const WINDOW: usize = 1_000;

/// A reader may be this far behind, and further for a while.
const BEHIND_MAX: usize = 10_000;
const GRACE: Duration = Duration::from_secs(30);

/// Shorter than the minute after which many proxies close what is silent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let retention = Retention::readers_up_to(BEHIND_MAX)
        .grace(GRACE)
        .with_window(WINDOW);
    let board = Arc::new(Board::new(retention)?);
    let listener = TcpListener::bind(ADDRESS).await?;
    println!("listening on http://{}", listener.local_addr()?);

    let interrupted = async {
        // Without a handler there is no other way to end than being killed.
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    serve(listener, board, KEEP_ALIVE, interrupted).await?;
    Ok(())
}

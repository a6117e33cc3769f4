//! How a program ends.

use std::error::Error;
use std::io;
use std::process::ExitCode;

/// Says on one line why it could not go on, if it could not.
#[must_use]
pub fn code(outcome: Result<(), Box<dyn Error + Send + Sync>>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Waits for Ctrl-C, or until the system wants the process to end. Both are heard from now on.
///
/// # Errors
///
/// Those of the system.
///
/// # Cancel safety
///
/// Nothing is lost.
pub fn interrupted() -> io::Result<impl Future<Output = ()> + Send + 'static> {
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

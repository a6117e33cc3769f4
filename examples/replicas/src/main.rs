//! Three replicas of a key-value state, each a process of its own.

mod log;
mod node;
mod show;
mod stage;

use std::env;
use std::process::ExitCode;

/// Starts a replica if told which, and otherwise the show.
#[tokio::main]
async fn main() -> ExitCode {
    let numbers: Result<Vec<u16>, _> = env::args().skip(1).map(|number| number.parse()).collect();
    let ended = match numbers.as_deref() {
        Ok([]) => show::run().await,
        // The show starts replicas so: with a name, and the ports of all.
        Ok(&[name @ 1..=3, a, b, c, d, e, f]) => {
            node::run(name as stage::Name, stage::Ports::new([a, b, c, d, e, f])).await
        }
        _ => {
            eprintln!("error: it is told nothing: it shows what there is to see");
            return ExitCode::from(2);
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

//! Three replicas of a key-value state, each a process of its own.

mod log;
mod node;
mod show;
mod stage;

use std::env;
use std::error::Error;

/// Starts a replica if told which, and otherwise the show.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if arguments.is_empty() {
        return show::run().await;
    }
    let numbers: Result<Vec<u16>, _> = arguments.iter().map(|argument| argument.parse()).collect();
    let [name, ports @ ..] = &numbers?[..] else {
        return Err("which replica?".into());
    };
    let ports = ports.try_into().map_err(|_| "it takes six ports")?;
    node::run(u8::try_from(*name)?, stage::Ports::new(ports)).await
}

//! Many clients that ask for rows, some of them far more often than others.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, Zipf};
use tokio::task::JoinSet;

use crate::client::Client;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// How many clients there are, each with one request at a time.
    pub clients: u64,
    /// How many requests all of them make.
    pub requests: u64,
    /// How many users there are.
    pub users: u32,
    /// How many orders there are.
    pub orders: u32,
    /// How much more often the first key is asked for than the next ones; 0 is evenly.
    pub skew: f64,
    /// Equal seeds give equal requests.
    pub seed: u64,
}

/// What became of the requests.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// From the first request to the last response.
    pub took: Duration,
    /// How long each request took, in microseconds.
    pub latency: Histogram<u64>,
    /// How many were answered with another status than 200.
    pub refused: u64,
}

/// Makes all requests of a workload, half of them for orders, and every client in an order of its
/// own.
///
/// # Errors
///
/// Those of the connections, and [`io::ErrorKind::InvalidInput`] for a workload without keys.
///
/// # Cancel safety
///
/// The requests that are under way are dropped.
pub async fn run(address: SocketAddr, workload: Workload) -> io::Result<Outcome> {
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
    let users = Zipf::new(f64::from(workload.users), workload.skew).map_err(invalid)?;
    let orders = Zipf::new(f64::from(workload.orders), workload.skew).map_err(invalid)?;
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for client in 0..workload.clients {
        let rest = workload.requests % workload.clients;
        let requests = workload.requests / workload.clients + u64::from(client < rest);
        let mut random = StdRng::seed_from_u64(workload.seed ^ client.rotate_left(32));
        clients.spawn(async move {
            let mut outcome = Outcome::new();
            let mut connection = Client::connect(address).await?;
            for request in 0..requests {
                let path = if request % 2 == 0 {
                    format!("/orders/{:.0}", orders.sample(&mut random))
                } else {
                    format!("/users/{:.0}", users.sample(&mut random))
                };
                let asked = Instant::now();
                let (status, _) = connection.get(&path).await?;
                outcome.refused += u64::from(!status.is_success());
                let micros = asked.elapsed().as_micros().try_into().unwrap_or(u64::MAX);
                outcome.latency.saturating_record(micros);
            }
            Ok::<_, io::Error>(outcome)
        });
    }
    let mut all = Outcome::new();
    while let Some(client) = clients.join_next().await {
        let outcome = client.map_err(io::Error::other)??;
        all.refused += outcome.refused;
        all.latency += outcome.latency;
    }
    all.took = began.elapsed();
    Ok(all)
}

impl Outcome {
    fn new() -> Self {
        // From a microsecond to a minute, to three digits.
        let latency = Histogram::new_with_bounds(1, 60_000_000, 3);
        Self {
            took: Duration::ZERO,
            latency: latency.unwrap_or_else(|_| unreachable!("these bounds are legal")),
            refused: 0,
        }
    }
}

//! Where the processes are, and how they are started.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use forebay_example_follow::client::Client;
use forebay_example_follow::process::{self, Process, free_addresses};
use forebay_example_follow::worker;
use hyper::{Method, StatusCode};
use tempfile::TempDir;

/// How many entries of the log are kept: more than a worker misses that is started again at once,
/// and fewer than a replica misses that starts with nothing.
const TRAILING: u64 = 3_000;

const NAMES: [&str; 3] = ["service", "replica-1", "replica-2"];

pub const WORKER: &str = "worker";

pub struct Stage {
    folder: TempDir,
    pub service: SocketAddr,
    snapshots: [SocketAddr; 3],
    pub reads: [SocketAddr; 2],
    /// What else a worker is told.
    pub commits: [String; 2],
}

impl Stage {
    pub fn new() -> Self {
        let [service, one, two, three, reads @ ..] = free_addresses::<6>().unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            service,
            snapshots: [one, two, three],
            reads,
            commits: ["--commit-every=100".into(), "--commit-interval=100".into()],
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub async fn start_service(&self) -> Process {
        let mut arguments = vec![
            "service".to_owned(),
            format!("--listen={}", self.service),
            format!("--database={}", self.path("config.sqlite").display()),
        ];
        arguments.extend(self.seat(0));
        let mut service = start(NAMES[0], &arguments);
        service.wait_for("listening").await.unwrap();
        service
    }

    pub fn start_worker(&self) -> Process {
        let mut arguments = vec![
            "worker".to_owned(),
            format!("--name={WORKER}"),
            format!("--service={}", self.service),
            format!("--applied={}", self.path("applied.jsonl").display()),
            format!("--checkpoint={}", self.path("positions.ckpt").display()),
        ];
        arguments.extend(self.commits.clone());
        start(WORKER, &arguments)
    }

    pub fn start_replica(&self, number: usize) -> Process {
        let mut arguments = vec![
            "replica".to_owned(),
            format!("--name={}", NAMES[number + 1]),
            format!("--service={}", self.service),
            format!("--listen={}", self.reads[number]),
        ];
        arguments.extend(self.seat(number + 1));
        start(NAMES[number + 1], &arguments)
    }

    fn seat(&self, place: usize) -> Vec<String> {
        let others = (0..NAMES.len()).filter(|other| *other != place);
        let others =
            others.map(|other| format!("--peer={}={}", NAMES[other], self.snapshots[other]));
        let mut arguments: Vec<_> = others.collect();
        arguments.push(format!("--peer-listen={}", self.snapshots[place]));
        arguments.push(format!("--trailing={TRAILING}"));
        arguments
    }

    /// Returns how far the worker has committed.
    pub fn committed(&self) -> Option<u64> {
        let committed = worker::committed(&self.path("positions.ckpt"), WORKER);
        committed.unwrap().map(|cursor| cursor.sequence().get())
    }

    /// Waits until the worker has committed up to there.
    pub async fn committed_up_to(&self, sequence: u64) {
        wait_until("the worker commits", async || {
            self.committed().is_some_and(|at| at >= sequence)
        })
        .await;
    }

    /// Waits until a replica is where the service is. That goes on while somebody catches up, who
    /// has it put markers into the log.
    pub async fn replicated(&self, replica: SocketAddr) {
        wait_until("a replica catches up", async || {
            let position = read(self.service, "/position").await;
            position.is_some() && read(replica, "/position").await == position
        })
        .await;
    }
}

fn start(name: &str, arguments: &[String]) -> Process {
    Process::start(Path::new(env!("CARGO_BIN_EXE_follow")), name, arguments).unwrap()
}

/// Reads a path, if there is anybody to read it from.
pub async fn read(address: SocketAddr, path: &str) -> Option<String> {
    let mut client = Client::connect(address).await.ok()?;
    let (status, body) = client.request(Method::GET, path, "").await.ok()?;
    assert_eq!(status, StatusCode::OK);
    Some(String::from_utf8(body.to_vec()).unwrap())
}

/// Waits for what comes sooner or later on any machine.
pub async fn wait_until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = process::wait_until(what, async || Ok(is_so().await)).await;
    waited.unwrap();
}

//! A page whose service is made up: the test says what its status is.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use forebay_core::{LogId, Sequence};
use forebay_example_follow::page::Page;
use forebay_example_follow::status::{
    Receiving, ReplicaStatus, Status, SubscriberStatus, TopicStatus, WorkerStatus,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A server with nothing but the page.
pub struct Site {
    status: Arc<Mutex<Status>>,
    pub address: String,
    pub page: Page,
    _runtime: Runtime,
}

impl Site {
    pub fn start(status: Status, positions: Option<PathBuf>) -> Self {
        let runtime = Runtime::new().unwrap();
        let status = Arc::new(Mutex::new(status));
        let asked = Arc::clone(&status);
        let page = runtime.block_on(async move {
            Page::start(move || asked.lock().unwrap().clone(), positions).unwrap()
        });
        let address = serve(&runtime, page.routes());
        Self {
            status,
            address: format!("http://{address}/"),
            page,
            _runtime: runtime,
        }
    }

    /// Changes what is shown.
    pub fn change(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock().unwrap());
    }
}

/// Serves routes on a free port, as long as the runtime is there.
pub fn serve(runtime: &Runtime, routes: Router) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async { axum::serve(listener, routes).await });
    address
}

/// A service with nobody.
pub fn status() -> Status {
    Status {
        log: LogId::new(7),
        head: Sequence::new(12_345),
        oldest: Sequence::new(2_346),
        keys: 1_200,
        changes: 12_345,
        behind_max: 10_000,
        topics: vec![topic("web", 700), topic("db", 500)],
        subscribers: Vec::new(),
        workers: Vec::new(),
        replicas: Vec::new(),
    }
}

pub fn topic(name: &str, keys: usize) -> TopicStatus {
    TopicStatus {
        name: name.to_owned(),
        keys,
        changes: 6_000,
        head: Sequence::new(12_340),
        watchers: 0,
    }
}

pub fn watcher(id: u64, name: &str, lag: u64) -> SubscriberStatus {
    SubscriberStatus {
        name: name.to_owned(),
        id,
        phase: Receiving::Following,
        position: Some(Sequence::new(12_345 - lag)),
        lag,
        sent: 10,
    }
}

pub fn worker(name: &str, applied: u64) -> WorkerStatus {
    WorkerStatus {
        name: name.to_owned(),
        state: "Following".to_owned(),
        applied: Some(Sequence::new(applied)),
        committed: None,
        lag: Some(12_345 - applied),
        silent_seconds: None,
        starts: 1,
    }
}

pub fn replica(name: &str, phase: &str) -> ReplicaStatus {
    ReplicaStatus {
        name: name.to_owned(),
        phase: phase.to_owned(),
        items: 480,
        items_total: Some(1_200),
        bytes: 1_234_567,
        bytes_total: Some(3_000_000),
        providers: 2,
        applied: None,
        lag: None,
        silent_seconds: None,
        starts: 1,
    }
}

//! A process with its log, and requests to it.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;

use forebay_example_follow::client::{Client, Event};
use forebay_example_follow::process::{self, Process};
use hyper::body::Bytes;
use hyper::{Method, StatusCode};
use tempfile::TempDir;
use tokio::process::Command;

/// A process, and what it has written to its log.
pub struct Logged {
    pub process: Process,
    log: Arc<Mutex<Vec<String>>>,
}

impl Logged {
    /// Starts one whose files are about to have no room; without that, a signal would end it.
    pub fn start(name: &str, arguments: &[String]) -> Self {
        // Not a file, which would have no room either.
        let (log, error) = io::pipe().unwrap();
        let process = spawn(name, arguments, error.into());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let read = Arc::clone(&lines);
        thread::spawn(move || {
            for line in BufReader::new(log).lines() {
                read.lock().unwrap().push(line.unwrap());
            }
        });
        Self {
            process,
            log: lines,
        }
    }

    /// Returns the lines that were written since this was asked last, without their times.
    pub fn lines(&self) -> Vec<String> {
        let lines = std::mem::take(&mut *self.log.lock().unwrap());
        let words = lines.iter().map(|line| line.split_whitespace().skip(1));
        words
            .map(|words| words.collect::<Vec<_>>().join(" "))
            .collect()
    }

    /// Waits for a line, and returns it if it is the only one. One more that comes later fails the
    /// next call of this.
    pub async fn line(&self) -> String {
        wait_until("something is written to the log", async || {
            !self.log.lock().unwrap().is_empty()
        })
        .await;
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        lines.remove(0)
    }

    /// Bounds how long its files may become.
    pub async fn limit(&self, bytes: &str) {
        let limit = format!("--fsize={bytes}:unlimited");
        let process = self.process.id().unwrap().to_string();
        let limited = Command::new("prlimit")
            .args([&*limit, "--pid", &process])
            .status();
        assert!(limited.await.unwrap().success());
    }
}

/// A service, and how to talk to it.
pub struct Site {
    pub folder: TempDir,
    pub service: Logged,
    pub address: SocketAddr,
}

impl Site {
    pub async fn start(arguments: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), arguments).await
    }

    pub async fn start_at(address: SocketAddr, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (service, address) = start_service(&folder, address, arguments).await;
        Self {
            folder,
            service,
            address,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub async fn ask(&self, method: Method, path: &str, body: impl Into<Bytes>) -> StatusCode {
        self.answer(method, path, body).await.0
    }

    pub async fn answer(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> (StatusCode, String) {
        let mut client = Client::connect(self.address).await.unwrap();
        let (status, body) = client.request(method, path, body).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Sets a key, and returns where that is in the log.
    pub async fn set(&self, key: &str, value: &str) -> String {
        let path = format!("/config/{key}");
        let (status, body) = self.answer(Method::PUT, &path, value.to_owned()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        body["position"].as_str().unwrap().to_owned()
    }

    /// Returns the first events that come after a position, at least so many.
    pub async fn events(&self, path: &str, last: Option<&str>, count: usize) -> Vec<Event> {
        let client = Client::connect(self.address).await.unwrap();
        let mut events = client.events(path, last).await.unwrap();
        let mut come = Vec::new();
        while come.len() < count {
            come.extend(events.next().await.unwrap().unwrap());
        }
        come
    }

    pub fn worker_arguments(&self) -> Vec<String> {
        vec![
            "worker".to_owned(),
            format!("--service={}", self.address),
            format!("--applied={}", self.path("applied.jsonl").display()),
            format!("--checkpoint={}", self.path("positions.ckpt").display()),
            "--commit-every=1".to_owned(),
        ]
    }
}

/// Starts a process whose log goes there.
pub fn spawn(name: &str, arguments: &[String], log: Stdio) -> Process {
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_follow"))
        .args(arguments)
        .stderr(log);
    Process::spawn(name, &mut command).unwrap()
}

pub async fn start_service(
    folder: &TempDir,
    address: SocketAddr,
    arguments: &[&str],
) -> (Logged, SocketAddr) {
    let database = folder.path().join("config.sqlite");
    let mut all = vec![
        "service".to_owned(),
        format!("--listen={address}"),
        format!("--database={}", database.display()),
    ];
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    let mut service = Logged::start("service", &all);
    let address = service
        .process
        .wait_for("listening on http://")
        .await
        .unwrap();
    (service, address.parse().unwrap())
}

/// Waits for what comes sooner or later on any machine.
pub async fn wait_until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = process::wait_until(what, async || Ok(is_so().await)).await;
    waited.unwrap();
}

/// Returns the values that a worker has applied, in order.
pub fn applied(path: &Path) -> Vec<String> {
    let lines = forebay_example_follow::applied::read(path).unwrap();
    let values = lines.into_iter().map(|line| line.change.value);
    values.map(|value| value.unwrap().to_string()).collect()
}

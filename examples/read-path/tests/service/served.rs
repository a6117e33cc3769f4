//! A service as a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use forebay_example_read_path::client::Client;
use forebay_example_read_path::report::Counters;
use hyper::StatusCode;
use hyper::body::Bytes;

/// However slow the machine is, no statement takes so long.
pub const PATIENT: [&str; 2] = ["--timeout", "300"];

/// A service of its own, killed when it is dropped.
pub struct Served {
    pub process: Child,
    pub address: SocketAddr,
}

impl Served {
    pub fn start(arguments: &[&str]) -> Self {
        let command = &mut Command::new(env!("CARGO_BIN_EXE_serve"));
        Self::spawn(command.args(PATIENT).args(arguments))
    }

    /// None of its files may grow by a byte.
    pub fn without_room(database: &Path) -> Self {
        let limited = "trap '' XFSZ; ulimit -S -f 0; exec \"$@\"";
        let command = &mut Command::new("sh");
        command.args(["-c", limited, "sh", env!("CARGO_BIN_EXE_serve")]);
        Self::spawn(command.args(PATIENT).arg("--database").arg(database))
    }

    pub fn make_room(&self) {
        let process = self.process.id().to_string();
        let unlimited = ["--fsize=unlimited", "--pid", &process];
        let status = Command::new("prlimit").args(unlimited).status();
        assert!(status.unwrap().success());
    }

    pub fn spawn(command: &mut Command) -> Self {
        let mut process = command
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        let address = address.parse().unwrap();
        Self { process, address }
    }

    pub fn over(database: &Path) -> Self {
        Self::start(&["--database", database.to_str().unwrap()])
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Bytes) {
        let mut client = Client::connect(self.address).await.unwrap();
        client.get(path).await.unwrap()
    }

    pub async fn counters(&self) -> Counters {
        let (status, body) = self.get("/metrics").await;
        assert_eq!(status, StatusCode::OK);
        Counters::parse(std::str::from_utf8(&body).unwrap())
    }

    /// Kills it and returns what it logged.
    pub fn log(mut self) -> String {
        self.process.kill().unwrap();
        let mut log = String::new();
        let stderr = self.process.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

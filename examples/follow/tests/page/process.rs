//! The real service, as a user starts it.

use std::net::SocketAddr;
use std::path::Path;

use forebay_example_follow::client::Client;
use forebay_example_follow::process::{Process, free_addresses};
use hyper::{Method, StatusCode};
use tokio::runtime::Runtime;

/// A service, for tests that are not asynchronous because their browser is not.
pub struct Service {
    process: Process,
    pub address: SocketAddr,
    runtime: Runtime,
}

impl Service {
    /// Starts one over the database in a folder, and waits until it listens.
    pub fn start(folder: &Path, address: SocketAddr) -> Self {
        let arguments = [
            "service".to_owned(),
            format!("--listen={address}"),
            format!("--database={}", folder.join("config.sqlite").display()),
        ];
        let runtime = Runtime::new().unwrap();
        let process = runtime.block_on(async {
            let program = Path::new(env!("CARGO_BIN_EXE_follow"));
            let mut process = Process::start(program, "service", &arguments).unwrap();
            process.wait_for("listening on http://").await.unwrap();
            process
        });
        Self {
            process,
            address,
            runtime,
        }
    }

    /// Sets a key.
    pub fn set(&self, key: &str, value: &str) {
        let status = self.runtime.block_on(async {
            let mut client = Client::connect(self.address).await.unwrap();
            let path = format!("/config/{key}");
            let answer = client.request(Method::PUT, &path, value.to_owned());
            answer.await.unwrap().0
        });
        assert_eq!(status, StatusCode::OK);
    }

    /// Ends it with the signal that cannot be caught.
    pub fn kill(mut self) {
        self.runtime.block_on(self.process.kill()).unwrap();
    }
}

/// An address that nobody else takes while its service is away.
pub fn address() -> SocketAddr {
    let [address] = free_addresses().unwrap();
    address
}

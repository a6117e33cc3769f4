//! Chromium without a window, driven over its own protocol, which it speaks on a pair of pipes.

use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Debian calls it so, and others do.
const PROGRAMS: [&str; 2] = ["chromium", "google-chrome"];

/// It reads commands from descriptor 3 and answers on descriptor 4.
const PLUMBING: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>"$FOREBAY_BROWSER_LOG""#;

/// The service is there, and all that it has is shown: it comes section by section.
pub const WHOLE: &str =
    "document.body.dataset.link === 'live' && document.body.dataset.whole === 'true'";

/// Nothing takes so long, on any machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Where `.ci/run` gathers for its summary what was not checked.
const NOTICES: &str = "FOREBAY_NOTICES";

/// A browser with one page.
pub struct Browser {
    process: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    last: u64,
    session: Option<String>,
    /// What it wrote to the console as an error, or threw.
    pub complaints: Vec<String>,
    profile: TempDir,
}

impl Browser {
    /// Starts one, or says that nothing is checked because there is none. In continuous integration
    /// that fails.
    pub fn start() -> Option<Self> {
        let Some(program) = program() else {
            let missing =
                "the live page: there is no chromium; `apt-get install chromium` brings it";
            assert!(env::var_os("CI").is_none(), "{missing}");
            not_checked(missing);
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let mut process = Command::new("sh")
            .args(["-c", PLUMBING, "sh"])
            .arg(program)
            .args(["--headless", "--remote-debugging-pipe", "--no-first-run"])
            .args([
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
            ])
            // A page that it takes for one in the background would have its timers put off.
            .args([
                "--disable-background-timer-throttling",
                "--disable-renderer-backgrounding",
            ])
            // It looks at one page of ours alone, and where tests run as root it needs this.
            .arg("--no-sandbox")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env("FOREBAY_BROWSER_LOG", profile.path().join("log"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = process.stdin.take().unwrap();
        let mut answers = BufReader::new(process.stdout.take().unwrap());
        let (tx, messages) = mpsc::channel();
        thread::spawn(move || {
            let mut message = Vec::new();
            while answers
                .read_until(0, &mut message)
                .is_ok_and(|count| count > 0)
            {
                let parsed = serde_json::from_slice(&message[..message.len() - 1]);
                message.clear();
                if parsed.is_err() || tx.send(parsed.unwrap()).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self {
            process,
            commands,
            messages,
            last: 0,
            session: None,
            complaints: Vec::new(),
            profile,
        };
        browser.attach();
        Some(browser)
    }

    fn attach(&mut self) {
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attaching = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.call("Target.attachToTarget", attaching);
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            self.call(domain, json!({}));
        }
        self.resize(1_200, 1_000);
    }

    /// Goes to an address.
    pub fn open(&mut self, address: &str) {
        let opened = self.call("Page.navigate", json!({ "url": address }));
        assert_eq!(opened["errorText"], Value::Null, "{address}");
    }

    /// Waits for something to be true of the page, however often it changes until then.
    pub fn until(&mut self, condition: &str) {
        let promise = format!(
            "new Promise((resolve) => {{
               const look = () => {{
                 let is = false;
                 try {{ is = {condition}; }} catch {{}}
                 if (is) {{ observer.disconnect(); resolve(true); }}
               }};
               const observer = new MutationObserver(look);
               observer.observe(document, {{
                 subtree: true, childList: true, characterData: true, attributes: true,
               }});
               look();
             }})"
        );
        let waiting = json!({ "expression": promise, "awaitPromise": true });
        let sent = self.send("Runtime.evaluate", waiting);
        match self.answer(sent) {
            Some(answer) => assert_eq!(answer["result"]["value"], true, "{condition}: {answer}"),
            None => {
                let shown = self.evaluate("document.body.innerText");
                panic!("`{condition}` did not come about; the page shows:\n{shown}");
            }
        }
    }

    /// Returns what an expression is.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let wanted = json!({ "expression": expression, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", wanted);
        let thrown = &answer["exceptionDetails"];
        assert_eq!(*thrown, Value::Null, "{expression}");
        answer["result"]["value"].clone()
    }

    /// Returns the text of the elements that a selector finds.
    pub fn texts(&mut self, selector: &str) -> Vec<String> {
        let all = format!(
            "Array.from(document.querySelectorAll({}), (found) => found.textContent)",
            json!(selector)
        );
        serde_json::from_value(self.evaluate(&all)).unwrap()
    }

    /// Makes the window so large.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Lets the user prefer `light` or `dark`.
    pub fn prefer(&mut self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": [feature] }),
        );
    }

    /// Returns a picture of the whole page, as a PNG file.
    pub fn picture(&mut self, width: u32) -> Vec<u8> {
        self.resize(width, 100);
        let height = self.evaluate("document.documentElement.scrollHeight");
        self.resize(width, u32::try_from(height.as_u64().unwrap()).unwrap());
        let picture = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        decode(picture["data"].as_str().unwrap())
    }

    /// Calls a method of the protocol.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        let sent = self.send(method, parameters);
        let answer = self.answer(sent);
        answer.unwrap_or_else(|| panic!("{method} had no answer: {}", self.log()))
    }

    fn send(&mut self, method: &str, parameters: Value) -> u64 {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        let sent = self.commands.write_all(&bytes);
        assert!(sent.is_ok(), "the browser has ended: {}", self.log());
        self.last
    }

    fn answer(&mut self, sent: u64) -> Option<Value> {
        // A page that goes on complaining does not put it off.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut message = self.messages.recv_timeout(left).ok()?;
            if message["id"] == sent {
                assert_eq!(message["error"], Value::Null);
                return Some(message["result"].take());
            }
            self.listen(&message["method"], &message["params"]);
        }
    }

    fn listen(&mut self, method: &Value, said: &Value) {
        let is_complaint = match method.as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => {
                said["type"] == "error" || said["type"] == "warning"
            }
            Some("Log.entryAdded") => {
                let level = &said["entry"]["level"];
                level == "error" || level == "warning"
            }
            _ => false,
        };
        if is_complaint {
            self.complaints.push(said.to_string());
        }
    }

    fn log(&self) -> String {
        let mut log = String::new();
        if let Ok(mut file) = File::open(self.profile.path().join("log")) {
            let _ = file.read_to_string(&mut log);
        }
        log
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It takes its helpers along, which a killed one may leave behind.
        let last = self.last + 1;
        let close = json!({ "id": last, "method": "Browser.close" });
        let sent = self.commands.write_all(format!("{close}\0").as_bytes());
        while sent.is_ok() && self.answer(last).is_some() {}
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<_> = env::split_paths(&path).collect();
    let places = |program: &&str| folders.iter().map(|folder| folder.join(program)).collect();
    let mut found = PROGRAMS
        .iter()
        .flat_map(|program| -> Vec<PathBuf> { places(program) });
    found.find(|place| Path::is_file(place))
}

fn not_checked(what: &str) {
    let line = format!("!! NOT CHECKED: {what}\n");
    // The harness would keep to itself what a test prints that passes.
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    if let Some(path) = env::var_os(NOTICES) {
        let file = File::options().append(true).create(true).open(path);
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }
}

/// Base64, which is how the protocol has bytes.
fn decode(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text
        .bytes()
        .map_while(|digit| DIGITS.iter().position(|known| *known == digit));
    let digits: Vec<_> = digits.collect();
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for group in digits.chunks(4) {
        let number = group
            .iter()
            .fold(0, |number, digit| number << 6 | *digit as u32);
        let number = number << (6 * (4 - group.len()) + 8);
        bytes.extend_from_slice(&number.to_be_bytes()[..group.len() - 1]);
    }
    bytes
}

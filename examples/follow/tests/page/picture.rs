//! The picture of the page that the docs have: of the show that `cargo run` is, halfway through.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::browser::Browser;

/// Where the docs have it.
const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/follow.png");

/// Whoever sets this gets a new picture there.
const WANTED: &str = "FOREBAY_PICTURE";

/// Nobody wants to load more for one picture.
const BYTES_MAX: usize = 200_000;

/// One watcher is slow; one replica has come late and follows, and the one that was killed
/// meanwhile is in the middle of a snapshot.
const MOMENT: &str = "
    document.querySelectorAll('#topics th').length >= 4
    && document.querySelectorAll('#watcher-rows tr').length >= 6
    && document.querySelector('#watcher-rows tr').className === 'slow'
    && document.querySelector('.worker dd').textContent !== '–'
    && document.querySelector('#replica-items .following') !== null
    && Array.from(document.querySelectorAll('#replica-items .item'))
      .some((item) => item.querySelector('.started').textContent === 'restarted once'
        && !item.querySelector('progress').hidden
        && item.querySelector('progress').position > 0.3)";

/// All that has to follow follows: the moment is over, and may have been too short to be seen.
const OVER: &str = "
    Array.from(document.querySelectorAll('#replica-items .item'))
      .some((item) => item.querySelector('.started').textContent === 'restarted once')
    && document.querySelectorAll('#replica-items .following').length === 2";

/// How many shows are looked at, until one is seen at the moment.
const SHOWS_MAX: usize = 10;

/// The show, whose processes end with it.
struct Show(Child);

impl Show {
    fn start() -> (Self, String) {
        let mut process = Command::new(env!("CARGO_BIN_EXE_follow"))
            .args(["--listen", "127.0.0.1:0", "--until-input-ends"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap();
        (Self(process), format!("{address}/"))
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
fn picture_shows_everything_at_one_moment() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let moment = (0..SHOWS_MAX).find_map(|_| {
        let (show, address) = Show::start();
        browser.open(&address);
        browser.until(&format!("({MOMENT}) || ({OVER})"));
        (browser.evaluate(MOMENT) == true).then_some(show)
    });
    let _show = moment.expect("each time the moment was over before it was seen");
    let picture = browser.picture(1_200);
    assert!(picture.starts_with(b"\x89PNG"));
    assert!(picture.len() <= BYTES_MAX, "{} bytes", picture.len());
    assert_eq!(browser.complaints, Vec::<String>::new());

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::write(folder.join("light.png"), &picture).unwrap();
    browser.prefer("dark");
    fs::write(folder.join("dark.png"), browser.picture(1_200)).unwrap();
    fs::write(folder.join("narrow.png"), browser.picture(400)).unwrap();
    if env::var_os(WANTED).is_some() {
        fs::write(DOCS, &picture).unwrap();
    }
}

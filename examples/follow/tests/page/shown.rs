//! What is on the page.

use std::fs;

use forebay_checkpoint::{FileStore, KeyParts};
use forebay_core::{Checkpoint, Cursor, LogId, Sequence};
use forebay_example_follow::status::Receiving;
use tokio::runtime::Builder;

use crate::browser::{Browser, WHOLE};
use crate::site::{Site, replica, status, topic, watcher, worker};

fn has(selector: &str, text: &str) -> String {
    format!("document.querySelector('{selector}').textContent === '{text}'")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// What happened to somebody. Where nothing runs for seconds, the service is missed as well.
fn happened(browser: &mut Browser, whom: &str) -> Vec<String> {
    let mut lines = browser.texts("#log li span");
    lines.retain(|line| line.starts_with(whom));
    lines
}

#[test]
fn page_shows_what_there_is_and_what_changes() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let mut first = status();
    first.subscribers = vec![
        watcher(1, "web", 0),
        watcher(2, "web/a", 7),
        watcher(3, "db", 4_200),
    ];
    first.subscribers[0].phase = Receiving::Snapshot;
    let site = Site::start(first, None);
    browser.open(&site.address);
    browser.until(WHOLE);
    assert_eq!(browser.texts("#head"), ["12,345"]);
    assert_eq!(browser.texts("#topics th"), ["web", "db"]);
    assert_eq!(browser.texts("#topics td.number")[..2], ["700", "12,340"]);
    // The slow one comes first, and is told from the others by more than a colour.
    assert_eq!(browser.texts("#watcher-rows th"), ["db", "web", "web/a"]);
    assert_eq!(
        browser.texts("#watcher-rows .pill"),
        ["slow", "snapshot", "up to date"]
    );
    assert_eq!(
        browser.texts("#watcher-rows .behind span"),
        ["4,200", "0", "7"]
    );
    assert_eq!(browser.texts("#watchers-say"), ["1 slow, 4,200 behind"]);
    assert_eq!(browser.texts("#worker-items"), ["There is no worker yet."]);
    assert_eq!(
        browser.texts("#replica-items"),
        ["There is no replica yet."]
    );

    site.change(|status| {
        status.head = Sequence::new(12_346);
        status.topics[1].head = Sequence::new(12_346);
        status.subscribers.remove(2);
        status.replicas = vec![replica("replica-2", "Fetching")];
    });
    browser.until(&has("#head", "12,346"));
    browser.until("document.querySelectorAll('#replica-items .item').length === 1");
    assert_eq!(browser.texts("#topics td.number")[4], "12,346");
    assert_eq!(browser.texts("#watcher-rows th"), ["web", "web/a"]);
    assert_eq!(browser.texts("#replica-items [aria-current]"), ["fetching"]);
    assert_eq!(
        browser.evaluate("document.querySelector('progress').position"),
        0.4
    );
    let fetched = browser.texts("#replica-items .fetched > *");
    let expected = [
        "40 %",
        "480 of 1,200 items",
        "1.2 MB of 3.0 MB",
        "from 2 providers",
    ];
    assert_eq!(fetched, expected);

    site.change(|status| {
        status.replicas = vec![replica("replica-2", "Following")];
        status.replicas[0].lag = Some(0);
    });
    browser.until(&has("#replica-items .pill", "equal to the log"));
    assert_eq!(
        happened(&mut browser, "replica-2 "),
        ["replica-2 has caught up, and follows", "replica-2 came"]
    );
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn bar_of_a_worker_is_what_a_kill_would_do_again() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("positions");
    let mut first = status();
    first.workers = vec![worker("copier", 12_300)];
    let site = Site::start(first, Some(path.clone()));
    browser.open(&site.address);
    // Nothing was committed, so all of it would be done again.
    browser.until(&has(".worker dd", "–"));
    assert_eq!(browser.texts(".worker dd"), ["–", "12,300", "45"]);

    let store = FileStore::open(&path).unwrap();
    let commit = |name: &str, log: u64, sequence: u64| {
        let key = KeyParts::new().part("worker", name).key().unwrap();
        let cursor = Cursor::new(LogId::new(log), Sequence::new(sequence));
        block_on(store.label(&key, Some(name))).unwrap();
        let at = Checkpoint::new(cursor);
        store.commit_blocking(&key, at).unwrap();
    };
    commit("copier", 7, 12_270);
    browser.until(&has(".worker dd", "12,270"));
    assert_eq!(browser.texts(".worker dd"), ["12,270", "30", "45"]);
    let widths =
        "Array.from(document.querySelectorAll('.worker .bar i'), (part) => part.style.width)";
    assert_eq!(browser.evaluate(widths).to_string(), r#"["30%","45%"]"#);

    // One that has not reported is shown as far as the file tells of it.
    commit("lost", 8, 99);
    browser.until("document.querySelectorAll('.worker').length === 2");
    let states = browser.texts(".worker .pill");
    assert!(states.contains(&"of another log".to_owned()), "{states:?}");

    site.change(|status| {
        status.workers[0].silent_seconds = Some(9);
        status.workers[0].starts = 3;
    });
    browser.until(&has(".worker .started", "restarted 2 times"));
    assert!(
        browser
            .texts(".worker .pill")
            .contains(&"silent for 9 s".to_owned())
    );
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn positions_that_cannot_be_read_are_said_until_they_can() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("positions");
    fs::write(&path, "no positions").unwrap();
    let mut first = status();
    first.workers = vec![worker("copier", 12_300)];
    let site = Site::start(first, Some(path.clone()));
    browser.open(&site.address);
    browser.until(WHOLE);
    let is_seen = "document.querySelector('#positions-unreadable').checkVisibility()";
    assert_eq!(browser.evaluate(is_seen), true);
    // What the worker says itself is shown all the same.
    assert_eq!(browser.texts(".worker dd"), ["–", "12,300", "45"]);

    fs::remove_file(&path).unwrap();
    browser.until(&format!("!{is_seen}"));
}

#[test]
fn what_others_have_named_stays_text() {
    const NAMES: [&str; 7] = [
        "<img src=x onerror=\"window.hit = 1\">",
        "<script>window.hit = 2</script>",
        "\"><svg onload=window.hit=3>",
        "__proto__",
        "\u{202e}gnp.exe",
        "&lt;b&gt; & ' ${window.hit = 4}",
        "",
    ];
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let mut first = status();
    first.topics = NAMES.map(|name| topic(name, 1)).into();
    first.subscribers = (0..)
        .zip(NAMES)
        .map(|(id, name)| watcher(id, name, 0))
        .collect();
    first.workers = NAMES.map(|name| worker(name, 12_000)).into();
    first.replicas = NAMES.map(|name| replica(name, "Fetching")).into();
    for (worker, name) in first.workers.iter_mut().zip(NAMES) {
        name.clone_into(&mut worker.state);
    }
    for (replica, name) in first.replicas.iter_mut().zip(NAMES) {
        name.clone_into(&mut replica.phase);
    }
    let site = Site::start(first, None);
    browser.open(&site.address);
    browser.until(WHOLE);
    let mut expected = NAMES;
    expected[6] = "(no name)";
    for selector in [
        "#topics th",
        "#watcher-rows th",
        "#worker-items h3",
        "#replica-items h3",
    ] {
        assert_eq!(browser.texts(selector), expected, "{selector}");
    }
    assert_eq!(browser.texts("#worker-items .pill")[..6], NAMES[..6]);
    // Lines are made of names too.
    site.change(|status| {
        status
            .replicas
            .iter_mut()
            .for_each(|replica| replica.starts = 2)
    });
    browser.until("document.querySelectorAll('#log li').length >= 7");

    assert_eq!(browser.evaluate("window.hit"), serde_json::Value::Null);
    assert_eq!(browser.evaluate("document.images.length"), 0);
    assert_eq!(browser.evaluate("document.scripts.length"), 1);
    assert_eq!(
        browser.evaluate("document.querySelectorAll('[onload], [onerror], b').length"),
        0
    );
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn browser_refuses_markup_that_is_made_of_a_string() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let site = Site::start(status(), None);
    browser.open(&site.address);
    browser.until(WHOLE);
    let attempt = "(() => { try { document.body.innerHTML = '<b>'; return 'made'; } \
                   catch (error) { return error.name; } })()";
    assert_eq!(browser.evaluate(attempt), "TypeError");
}

#[test]
fn only_so_many_rows_are_shown_and_the_others_are_counted() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let mut first = status();
    first.topics = (0..31)
        .map(|number| topic(&format!("topic-{number:02}"), 1))
        .collect();
    first.subscribers = (0..500).map(|id| watcher(id, "web", id * 2)).collect();
    let site = Site::start(first, None);
    browser.open(&site.address);
    browser.until(WHOLE);
    assert_eq!(browser.texts("#topics th").len(), 20);
    assert_eq!(browser.texts("#topics-more"), ["and 11 more"]);
    assert_eq!(
        browser.texts("#watcher-rows .behind span")[..2],
        ["998", "996"]
    );
    assert_eq!(
        browser.texts("#watchers-more"),
        ["and 480 more, none of them further behind"]
    );
    assert_eq!(browser.texts("#watchers-say"), ["450 slow, 998 behind"]);
}

//! Clients that are cut off and come back.

use forebay_events::Retention;
use forebay_example_sse::board::Change;

use crate::{LAST, Server, change};

/// A client that keeps a list of what it applied, and comes back whenever it was cut off.
///
/// What came without an id is not complete, so it is held back until the next id.
struct Reader {
    last: String,
    held: Vec<Change>,
    applied: Vec<Change>,
}

impl Reader {
    /// Reads `bytes` and is cut off; returns whether the last change was among what was applied.
    async fn read(&mut self, server: &Server, path: &str, mut bytes: usize) -> bool {
        self.held.clear();
        let mut stream = server.open(path, Some(&self.last)).await;
        while let Some(message) = stream.next_within(&mut bytes).await {
            assert!(["", "change"].contains(&message.name()), "{message:?}");
            self.held.extend(message.change());
            if let Some(id) = message.id() {
                id.clone_into(&mut self.last);
                self.applied.append(&mut self.held);
                if self
                    .applied
                    .last()
                    .is_some_and(|change| change.value == LAST)
                {
                    return true;
                }
            }
        }
        false
    }
}

/// Numbers that look random, the same in every run.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    }
}

/// Sets of one to four values of three keys, and one that says that it is the last.
fn sets(seed: u64, count: u64) -> Vec<Vec<Change>> {
    let mut number = numbers(seed);
    let mut sets: Vec<Vec<_>> = (0..count)
        .map(|set| {
            let values = 0..=number(4);
            let key = |number: u64| ["apple", "pear", "plum"][number as usize];
            values
                .map(|value| change(key(number(3)), format!("{set}.{value}")))
                .collect()
        })
        .collect();
    sets.push(vec![change("apple", LAST)]);
    sets
}

async fn read_all(server: &Server, path: &str, last: String, seed: u64) -> Vec<Change> {
    let mut number = numbers(seed);
    let mut reader = Reader {
        last,
        held: Vec::new(),
        applied: Vec::new(),
    };
    while !reader.read(server, path, 1 + number(700) as usize).await {}
    reader.applied
}

#[tokio::test]
async fn client_that_is_cut_off_anywhere_misses_nothing_and_repeats_nothing() {
    for seed in 0..8 {
        let server = Server::start(Retention::window(10_000)).await;
        let (_stream, id) = server.follow("/events").await;
        let sets = sets(seed, 100);
        for set in &sets {
            server.board.set(set.clone()).unwrap();
        }
        let applied = read_all(&server, "/events", id, seed).await;
        assert_eq!(applied, sets.concat(), "seed {seed}");
    }
}

#[tokio::test]
async fn client_of_one_key_gets_all_of_that_key_and_nothing_else() {
    let server = Server::start(Retention::window(10_000)).await;
    // Nobody else follows the key while the client is away.
    let (stream, id) = server.follow("/events/apple").await;
    drop(stream);
    let sets = sets(1, 100);
    for set in &sets {
        server.board.set(set.clone()).unwrap();
    }
    let applied = read_all(&server, "/events/apple", id, 1).await;
    let mut expected = sets.concat();
    expected.retain(|change| change.key == "apple");
    assert_eq!(applied, expected);
}

#[tokio::test]
async fn clients_are_cut_off_while_values_are_set() {
    let server = Server::start(Retention::window(10_000)).await;
    let (_stream, id) = server.follow("/events").await;
    let sets = sets(2, 300);
    let set = async {
        for set in &sets {
            server.board.set(set.clone()).unwrap();
            tokio::task::yield_now().await;
        }
    };
    let readers = async {
        let (one, other) = (id.clone(), id.clone());
        tokio::join!(
            read_all(&server, "/events", one, 3),
            read_all(&server, "/events", other, 4)
        )
    };
    let ((), (one, other)) = tokio::join!(set, readers);
    assert_eq!(one, sets.concat());
    assert_eq!(other, sets.concat());
}

#[tokio::test]
async fn only_the_last_change_of_a_set_has_an_id() {
    let server = Server::start(Retention::window(10)).await;
    let (mut stream, before) = server.follow("/events").await;
    server
        .board
        .set(vec![
            change("apple", 1),
            change("pear", 2),
            change("plum", 3),
        ])
        .unwrap();
    let mut ids = Vec::new();
    for expected in ["apple", "pear", "plum"] {
        let message = stream.next_event().await.unwrap();
        assert_eq!(message.change().unwrap().key, expected);
        ids.push(message.id().map(str::to_owned));
    }
    assert_eq!(ids[..2], [None, None]);
    let after = ids[2].clone().unwrap();
    assert_ne!(after, before);

    // Whoever saw two of three gets all three again, and whoever saw them gets none.
    let mut again = server.open("/events", Some(&before)).await;
    assert_eq!(
        again.next_event().await.unwrap().change(),
        Some(change("apple", 1))
    );
    server.board.set(vec![change("apple", 4)]).unwrap();
    let mut on = server.open("/events", Some(&after)).await;
    assert_eq!(
        on.next_event().await.unwrap().change(),
        Some(change("apple", 4))
    );
}

use super::*;

fn buffer(entries_max: usize) -> Buffer<u64> {
    Buffer::new(entries_max)
}

/// Entries of one term whose content is where they stand.
fn push(buffer: &mut Buffer<u64>, from: u64, count: u64, term: u64) {
    let entries = (from..from + count).map(|sequence| (term, sequence));
    buffer.push(Sequence::new(from), entries, None);
}

/// The sequences and terms that follow an anchor.
fn after(buffer: &mut Buffer<u64>, sequence: u64, term: u64) -> Vec<(u64, u64)> {
    let anchor = Anchor::new(Sequence::new(sequence), term);
    let entries = buffer.take_after(anchor);
    assert!(
        entries
            .iter()
            .all(|entry| entry.entry == entry.sequence.get())
    );
    let pairs = entries.iter();
    pairs
        .map(|entry| (entry.sequence.get(), entry.term))
        .collect()
}

#[test]
fn entries_that_come_again_are_there_once() {
    let mut buffer = buffer(10);
    push(&mut buffer, 5, 3, 1);
    push(&mut buffer, 5, 2, 1);
    push(&mut buffer, 6, 3, 1);
    assert_eq!(buffer.len(), 4);
    assert_eq!(after(&mut buffer, 4, 1), [(5, 1), (6, 1), (7, 1), (8, 1)]);
}

#[test]
fn an_entry_of_another_term_replaces_what_follows_it() {
    let mut buffer = buffer(10);
    push(&mut buffer, 5, 4, 1);
    push(&mut buffer, 7, 1, 2);
    assert_eq!(after(&mut buffer, 4, 1), [(5, 1), (6, 1), (7, 2)]);
    push(&mut buffer, 5, 2, 3);
    push(&mut buffer, 5, 1, 2);
    assert_eq!(after(&mut buffer, 4, 1), [(5, 2)]);
}

#[test]
fn after_a_gap_the_newest_run_stays() {
    let mut buffer = buffer(10);
    push(&mut buffer, 5, 3, 1);
    push(&mut buffer, 20, 2, 1);
    assert_eq!(buffer.first(), Some(Sequence::new(20)));
    push(&mut buffer, 5, 3, 1);
    assert_eq!(buffer.len(), 2);
}

#[test]
fn the_oldest_entries_make_room_for_new_ones() {
    let mut buffer = buffer(4);
    push(&mut buffer, 1, 10, 1);
    assert_eq!((buffer.first(), buffer.len()), (Some(Sequence::new(7)), 4));
}

#[test]
fn what_an_anchor_has_is_not_replayed_and_neither_is_another_log() {
    let mut buffer = buffer(10);
    push(&mut buffer, 5, 4, 2);
    assert_eq!(after(&mut buffer, 6, 2), [(7, 2), (8, 2)]);
    push(&mut buffer, 5, 4, 2);
    assert_eq!(
        after(&mut buffer, 6, 3),
        [],
        "the entry at the anchor is another one"
    );
    push(&mut buffer, 5, 4, 2);
    assert_eq!(after(&mut buffer, 4, 3), [], "terms do not fall");
    push(&mut buffer, 5, 4, 2);
    assert_eq!(after(&mut buffer, 2, 1), [], "there is a gap");
    push(&mut buffer, 5, 4, 2);
    assert_eq!(after(&mut buffer, 8, 2), []);
    assert_eq!(after(&mut buffer, u64::MAX, 2), []);
}

#[test]
fn terms_never_fall_along_a_run() {
    let mut buffer = buffer(10);
    let entries = [(2, 5), (3, 6), (1, 7), (4, 8)];
    buffer.push(Sequence::new(5), entries, None);
    assert_eq!(buffer.len(), 2);
    push(&mut buffer, 7, 1, 2);
    assert_eq!(
        after(&mut buffer, 6, 2),
        [(7, 2)],
        "it follows on from another log"
    );
}

#[test]
fn no_sequence_is_too_large_or_too_small() {
    let mut buffer = buffer(10);
    buffer.push(
        Sequence::new(u64::MAX - 1),
        [(1, u64::MAX - 1), (1, u64::MAX), (1, 0)],
        None,
    );
    assert_eq!(buffer.len(), 2);
    assert_eq!(after(&mut buffer, u64::MAX - 2, 1).len(), 2);
    buffer.push(Sequence::ZERO, [(1, 0), (1, 1)], None);
    assert_eq!(buffer.first(), Some(Sequence::new(1)));
}

#[test]
fn once_there_is_a_state_the_run_after_it_stays() {
    let anchor = Some(Anchor::new(Sequence::new(6), 1));
    let mut buffer = buffer(4);
    push(&mut buffer, 5, 4, 1);
    let more = |from: u64| (from..from + 9).map(|sequence| (1, sequence));
    buffer.push(Sequence::new(9), more(9), anchor);
    buffer.push(Sequence::new(40), more(40), anchor);
    assert_eq!(after(&mut buffer, 6, 1), [(7, 1), (8, 1), (9, 1), (10, 1)]);
    buffer.push(Sequence::new(40), more(40), anchor);
    assert_eq!(buffer.len(), 0, "nothing that could be replayed");
}

use super::*;

fn buffer(entries_max: usize) -> Buffer<u64> {
    Buffer::new(entries_max)
}

fn at(sequence: u64, term: u64) -> Anchor {
    Anchor::new(Sequence::new(sequence), term)
}

/// Entries of one term whose content is where they stand, after whatever is there.
fn push(buffer: &mut Buffer<u64>, from: u64, count: u64, term: u64) {
    let before = buffer.term_at(Sequence::new(from - 1)).unwrap_or(term);
    push_after(buffer, at(from - 1, before.min(term)), count, term);
}

fn push_after(buffer: &mut Buffer<u64>, after: Anchor, count: u64, term: u64) {
    let from = after.sequence().get() + 1;
    let entries = (from..from + count).map(|sequence| (term, sequence));
    buffer.push(after, entries, None);
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
    assert_eq!(after(&mut buffer, 4, 2), [(5, 2)]);
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
    buffer.push(at(4, 2), entries, None);
    assert_eq!(buffer.len(), 2);
    push(&mut buffer, 7, 1, 2);
    assert_eq!(
        after(&mut buffer, 6, 2),
        [(7, 2)],
        "it follows on from another log"
    );
}

/// What a leader wrote that was deposed and what its successor wrote were taken for one log.
#[test]
fn entries_of_two_logs_are_no_run_however_well_they_are_numbered() {
    let mut buffer = buffer(10);
    push(&mut buffer, 5, 3, 1);
    push_after(&mut buffer, at(7, 2), 2, 3);
    assert_eq!(buffer.first(), Some(Sequence::new(8)));
    assert_eq!(after(&mut buffer, 7, 1), [], "of the log that is gone");
    push(&mut buffer, 5, 3, 1);
    push_after(&mut buffer, at(7, 2), 2, 3);
    assert_eq!(after(&mut buffer, 7, 2), [(8, 3), (9, 3)]);
    // The same where it is in the middle of the run, or right before it.
    for sequence in [4, 6] {
        push(&mut buffer, 5, 3, 1);
        push_after(&mut buffer, at(sequence, 2), 2, 2);
        let expected = [(sequence + 1, 2), (sequence + 2, 2)];
        assert_eq!(after(&mut buffer, sequence, 2), expected);
    }
}

#[test]
fn no_sequence_is_too_large_or_too_small() {
    let mut buffer = buffer(10);
    let entries = [(1, u64::MAX - 1), (1, u64::MAX), (1, 0)];
    buffer.push(at(u64::MAX - 2, 1), entries, None);
    assert_eq!(buffer.len(), 2);
    assert_eq!(after(&mut buffer, u64::MAX - 2, 1).len(), 2);
    buffer.push(at(u64::MAX, 1), [(1, 0)], None);
    assert_eq!(buffer.len(), 0);
    buffer.push(at(0, 0), [(1, 1), (1, 2)], None);
    assert_eq!(buffer.first(), Some(Sequence::new(1)));
    assert_eq!(after(&mut buffer, 0, 0), [(1, 1), (2, 1)]);
}

#[test]
fn once_there_is_a_state_the_run_after_it_stays() {
    let anchor = Some(at(6, 1));
    let mut buffer = buffer(4);
    push(&mut buffer, 5, 4, 1);
    let more = |from: u64| (from..from + 9).map(|sequence| (1, sequence));
    buffer.push(at(8, 1), more(9), anchor);
    buffer.push(at(39, 1), more(40), anchor);
    buffer.push(at(6, 2), more(7), anchor);
    assert_eq!(after(&mut buffer, 6, 1), [(7, 1), (8, 1), (9, 1), (10, 1)]);
    buffer.push(at(39, 1), more(40), anchor);
    assert_eq!(buffer.len(), 0, "nothing that could be replayed");
}

#[test]
fn once_there_is_a_state_only_what_is_lost_leaves_the_run() {
    let anchor = Some(at(6, 1));
    let mut buffer = buffer(10);
    for (after_term, left) in [(2, 2), (0, 4)] {
        push(&mut buffer, 7, 4, 1);
        // It follows on from another entry 9 than that which is there.
        buffer.push(at(9, after_term), [(3, 10)], anchor);
        assert_eq!(after(&mut buffer, 6, 1).len(), left);
    }
}

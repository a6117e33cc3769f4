//! Of all that can go wrong with a log, nothing does with ours.
//!
//! It counts what the whole process allocates, so that it stands alone.

use forebay_peers::entry::Kind;
use forebay_peers::events::questions;

#[test]
fn nothing_goes_wrong_with_our_log() {
    let questions = questions::ALL.iter();
    let defects = questions.filter(|question| question.name == "defects");
    let tables: Vec<_> = defects.flat_map(|question| (question.ask)(1)).collect();
    assert!(!tables.is_empty());
    for table in tables {
        let ours = |kind| matches!(kind, Kind::Ours | Kind::OursVariant);
        for row in table.rows.iter().filter(|row| ours(row.kind)) {
            let fails = row.rounds[0].last().copied().flatten();
            assert_eq!(fails, Some(0.0), "{}: {row:?}", table.title);
        }
    }
}

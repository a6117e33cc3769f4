//! Virtual time is the same in every run.

use forebay_peers::batch::questions;
use forebay_peers::table::Layout;

#[test]
fn the_same_loads_take_the_same_time() {
    let question = questions::ALL
        .iter()
        .find(|question| question.name == "late-binding");
    let ask = question.expect("the question is asked").ask;
    let tables = || {
        ask(1)
            .iter()
            .map(|table| table.render(Layout::Terminal))
            .collect::<Vec<_>>()
    };
    let first = tables();
    assert!(first.iter().all(Result::is_ok));
    assert_eq!(first, tables());
}

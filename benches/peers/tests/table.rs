//! A table shows ratios to the best peer and to forebay, and whether a goal is met; floors are
//! never the best.

use forebay_peers::entry::Kind;
use forebay_peers::goal::{Against, Goal};
use forebay_peers::table::{Column, Layout, Row, Table, Unit};

fn table(ours: f64) -> Table {
    let row = |name, kind, figure| Row {
        name,
        settings: "",
        kind,
        rounds: vec![vec![figure]; 3],
    };
    Table {
        title: "A question",
        method: "How it was asked.",
        columns: vec![Column {
            name: "cost",
            unit: Unit::Nanoseconds,
        }],
        rows: vec![
            row("forebay", Kind::Ours, Some(ours)),
            row("a library", Kind::Library, Some(40.0)),
            row("another", Kind::Library, None),
            row("floor", Kind::Floor, Some(10.0)),
        ],
        goals: vec![Goal::ratio(0, Against::BEST_LIBRARY, 0.6)],
    }
}

#[test]
fn ratios_stand_beside_each_figure() {
    let text = table(20.0).render(Layout::Markdown).unwrap();
    let expected = "\
### A question

How it was asked.

|           |    cost | ÷ best | ÷ ours |
|-----------|--------:|-------:|-------:|
| forebay   | 20.0 ns |   1.00 |   1.00 |
| a library | 40.0 ns |   2.00 |   2.00 |
| another   |       - |      - |      - |
| floor     | 10.0 ns |   0.50 |   0.50 |

| goal                                          |  bound | measured (quartiles) |     |
|-----------------------------------------------|-------:|---------------------:|----:|
| cost ÷ best library (a library) | ≤ 0.60 |     0.50 (0.50–0.50) | met |
";
    assert_eq!(
        text.replace(['-', ' '], ""),
        expected.replace(['-', ' '], "")
    );
}

#[test]
fn a_loss_is_shown_as_one() {
    let text = table(80.0).render(Layout::Terminal).unwrap();
    assert!(text.contains("missed"), "{text}");
    assert!(!text.contains("met"), "{text}");
}

/// One round ran at half the speed: the figure is that of another round, and the ratio stays.
#[test]
fn a_slow_round_changes_no_ratio() {
    let mut table = table(20.0);
    for row in &mut table.rows {
        for figure in row.rounds[1].iter_mut().flatten() {
            *figure *= 2.0;
        }
    }
    let text = table.render(Layout::Terminal).unwrap();
    assert!(text.contains("20.0 ns"), "{text}");
    assert!(text.contains("0.50 (0.50–0.50)"), "{text}");
}

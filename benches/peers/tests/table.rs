//! A table shows ratios to the best peer and to forebay, how each row is set, and whether a goal is
//! met; floors are never the best.

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

#[test]
fn a_goal_can_be_how_many_times_better_ours_is() {
    let mut table = table(20.0);
    table.goals = vec![
        Goal::times_better(0, Against::BEST_LIBRARY, 1.5),
        Goal::times_better(0, Against::Row("floor"), 1.5),
    ];
    let text = table.render(Layout::Terminal).unwrap();
    let of_library = text.lines().find(|line| line.contains("of best library"));
    assert!(
        of_library.is_some_and(|line| line.contains("2.00 (2.00–2.00)  ") && line.ends_with("met"))
    );
    let of_floor = text.lines().find(|line| line.contains("of floor ÷ ours"));
    assert!(
        of_floor.is_some_and(|line| line.ends_with("missed")),
        "{text}"
    );
}

#[test]
fn a_goal_can_be_about_a_variant_of_ours() {
    let mut table = table(20.0);
    table.rows.push(Row {
        name: "forebay, otherwise",
        settings: "",
        kind: Kind::OursVariant,
        rounds: vec![vec![Some(30.0)]; 3],
    });
    table.goals = vec![
        Goal::variant(0, "forebay, otherwise", 1.4),
        Goal::variant_at_most(0, "forebay, otherwise", 25.0),
        Goal::variant_times_better(0, "forebay, otherwise", Against::BEST_LIBRARY, 1.3),
    ];
    let text = table.render(Layout::Terminal).unwrap();
    let verdict = |start: &str| {
        let line = text.lines().find(|line| line.starts_with(start));
        line.and_then(|line| line.split_whitespace().last())
    };
    assert_eq!(verdict("cost of forebay, otherwise ÷ ours"), Some("missed"));
    assert_eq!(verdict("cost of forebay, otherwise  "), Some("missed"));
    let better = "cost of best library (a library) ÷ forebay, otherwise";
    assert_eq!(verdict(better), Some("met"));
}

#[test]
fn figures_can_be_compared_with_one_row() {
    let mut table = table(20.0);
    table.columns[0].unit = Unit::NanosecondsTo("a library");
    let text = table.render(Layout::Terminal).unwrap();
    let cells = |start: &str| {
        let line = text.lines().find(|line| line.starts_with(start));
        let cells = line.into_iter().flat_map(|line| line.split("  "));
        let cells = cells.map(str::trim).filter(|cell| !cell.is_empty());
        cells.collect::<Vec<_>>()
    };
    assert!(text.contains("÷ a"), "{text}");
    assert_eq!(cells("forebay"), ["forebay", "20.0 ns", "0.50"]);
    assert_eq!(cells("a library"), ["a library", "40.0 ns", "1.00"]);
    assert_eq!(cells("another"), ["another", "-", "-"]);
}

/// Settings stand beside the name, and what is only named has no figures.
#[test]
fn a_row_says_how_it_is_set() {
    let mut table = table(20.0);
    table.rows[1].settings = "1 ms, 100 keys";
    table.rows.push(Row {
        name: "left out",
        settings: "it does not build",
        kind: Kind::Foreign,
        rounds: vec![Vec::new()],
    });
    let text = table.render(Layout::Markdown).unwrap();
    let cells = |name| {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("| {name}")));
        let cells = line.into_iter().flat_map(|line| line.split('|'));
        cells
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .collect::<Vec<_>>()
    };
    assert_eq!(cells("a library")[1], "1 ms, 100 keys");
    assert_eq!(
        cells("left out"),
        ["left out", "it does not build", "-", "-", "-"]
    );
}

#[test]
fn times_are_shown_in_a_unit_that_fits() {
    let shown = [12.34, 1_234.0, 12_340.0, 1_234_000.0].map(|time| Unit::Nanoseconds.show(time));
    assert_eq!(shown, ["12.3 ns", "1234 ns", "12.3 µs", "1.23 ms"]);
}

/// Of a difference both parts were disturbed: its least figure is luck, not quiet.
#[test]
fn an_overhead_is_shown_by_its_median() {
    let mut table = table(20.0);
    table.columns[0].unit = Unit::Overhead;
    table.rows[0].rounds[1] = vec![Some(1.0)];
    let text = table.render(Layout::Terminal).unwrap();
    let ours = text.lines().find(|line| line.starts_with("forebay"));
    assert!(ours.is_some_and(|line| line.contains("20.0 ns")), "{text}");
    table.columns[0].unit = Unit::Nanoseconds;
    let text = table.render(Layout::Terminal).unwrap();
    let ours = text.lines().find(|line| line.starts_with("forebay"));
    assert!(ours.is_some_and(|line| line.contains("1.0 ns")), "{text}");
}

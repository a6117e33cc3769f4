//! The HTML page, as far as text can tell.

use forebay_bench::report::html;
use forebay_bench::report::model::{Offered, Report};

use crate::{follow, keep, sample};

fn page(change: impl FnOnce(&mut Report)) -> String {
    let mut report = sample::report(&[1, 8, 64], 5);
    change(&mut report);
    html::render(&report)
}

#[test]
fn page_loads_nothing() {
    let page = page(|_| {});
    for loader in [
        "http:", "https:", "//", "src=", "url(", "@import", "<script", "<link", "<img",
    ] {
        assert!(!page.contains(loader), "{loader}");
    }
    let links = page.split("href=\"").skip(1);
    assert!(links.into_iter().all(|link| link.starts_with("#point-")));
}

#[test]
fn every_chart_has_a_name_and_its_numbers_under_it() {
    let page = page(|_| {});
    let figures: Vec<&str> = page.split("<figure>").skip(1).collect();
    assert_eq!(figures.len(), 2 + 3 * 6);
    for figure in figures {
        let figure = &figure[..figure.find("</figure>").unwrap()];
        assert_eq!(
            (
                figure.matches("<svg").count(),
                figure.matches("<table").count()
            ),
            (1, 1)
        );
        assert!(figure.find("</svg>").unwrap() < figure.find("<table").unwrap());
        assert!(figure.contains("role=\"img\" aria-label=\""));
        for name in ["direct", "singleflight + moka"] {
            assert!(figure[figure.find("<table").unwrap()..].contains(name));
        }
    }
    assert_eq!(
        page.matches("<svg").count(),
        page.matches("<figure>").count()
    );
}

#[test]
fn charts_of_events_have_a_name_and_their_numbers_under_them() {
    let page = html::render(&follow::report(&[1, 100], 4));
    let figures: Vec<&str> = page.split("<figure>").skip(1).collect();
    // For each pace: ten sweeps, one fewer where events are paced; for each point: three
    // distributions, one fewer where nobody is slow, and seven kinds of bars.
    assert_eq!(figures.len(), 10 + 9 + 2 * (2 + 7) + 2 * (3 + 7));
    for figure in figures {
        let figure = &figure[..figure.find("</figure>").unwrap()];
        let (charts, tables) = (
            figure.matches("<svg").count(),
            figure.matches("<table").count(),
        );
        assert_eq!((charts, tables), (1, 1));
        assert!(figure.find("</svg>").unwrap() < figure.find("<table").unwrap());
        assert!(figure.contains("role=\"img\" aria-label=\""));
    }
    assert!(!page.contains("NaN") && !page.contains("inf\""));
    let head = &page[..page.find("<svg").unwrap()];
    assert!(head.contains("Events to many subscribers") && head.contains("Example CPU"));
}

#[test]
fn charts_of_stores_have_a_name_and_their_numbers_under_them() {
    let page = html::render(&keep::report(&[1, 256], &[1, 1_000], 4));
    let figures: Vec<&str> = page.split("<figure>").skip(1).collect();
    // Five over writers for each number of keys, three over keys, four over processes; for each of
    // six points a distribution and six kinds of bars.
    assert_eq!(figures.len(), 2 * 5 + 3 + 4 + 6 * 7);
    for figure in figures {
        let figure = &figure[..figure.find("</figure>").unwrap()];
        let (charts, tables) = (
            figure.matches("<svg").count(),
            figure.matches("<table").count(),
        );
        assert_eq!((charts, tables), (1, 1));
    }
    assert!(!page.contains("NaN") && !page.contains("inf\""));
    assert!(page.contains("Durable positions") && page.contains("Goals"));
}

#[test]
fn lines_that_are_decades_apart_can_be_told_apart() {
    let page = html::render(&keep::report(&[1, 256], &[1_000], 4));
    let figure = page.split("<figure>").nth(1).unwrap();
    assert!(figure.contains("Commits in Y"));
    // A thousandth of the largest has a mark of its own.
    for mark in [">0.01<", ">0.1<", ">10<", ">100<"] {
        assert!(figure.contains(mark), "{mark}");
    }
}

#[test]
fn page_begins_with_where_its_figures_come_from() {
    let page = page(|report| report.header.interrupted = true);
    let head = &page[..page.find("<svg").unwrap()];
    for text in [
        "compare reads --clients 1,64 --repeat 3 --seed 7",
        "0123456789ab",
        "rustc, release",
        "Example CPU @ 3.00GHz, 8 cores, 16.0 GiB, Linux 6.1",
        "the machine was busier than its cores",
        "the last rounds are missing",
    ] {
        assert!(head.contains(text), "{text}");
    }
}

#[test]
fn every_text_is_escaped() {
    let evil = "</title></style></svg><script>alert('&')</script>\"";
    let page = page(|report| {
        let header = &mut report.header;
        let machine = &mut header.machine;
        for text in [
            &mut header.command,
            &mut header.commit,
            &mut header.toolchain,
        ] {
            *text = evil.into();
        }
        for text in [&mut header.started_at, &mut machine.cpu, &mut machine.os] {
            *text = evil.into();
        }
        header.warnings.push(evil.into());
        header.settings[0].name = evil.into();
        header.settings[0].value = evil.into();
        let reads = sample::reads(report);
        reads.backend = evil.into();
        reads.workload = evil.into();
        for strategy in reads
            .points
            .iter_mut()
            .map(|point| &mut point.strategies[0])
        {
            strategy.name = evil.into();
            strategy.rounds[0].counts.wrong_answers = 1;
        }
    });
    assert!(!page.contains("<script"));
    assert_eq!(page.matches("</style>").count(), 1);
    assert_eq!(page.matches("</title></style>").count(), 0);
    assert!(page.matches("&lt;script&gt;").count() > 20);
}

#[test]
fn drawn_elements_are_closed_and_inside_the_picture() {
    let page = page(|_| {});
    for element in [
        "svg", "line", "path", "rect", "circle", "text", "figure", "table", "section",
    ] {
        let opened = page.matches(&format!("<{element} ")).count()
            + page.matches(&format!("<{element}>")).count();
        assert_eq!(
            opened,
            page.matches(&format!("</{element}>")).count(),
            "{element}"
        );
    }
    assert!(!page.contains("NaN") && !page.contains("inf\""));
}

#[test]
fn loads_of_different_units_are_not_joined_by_a_line() {
    let page = page(|report| sample::reads(report).points[0].offered = Offered::PerSecond(100.0));
    assert!(!page.contains("By number of clients"));
    assert!(page.contains("100 loads/s offered"));
}

#[test]
fn report_without_figures_is_a_page_all_the_same() {
    let page = html::render(&sample::report(&[], 0));
    assert!(page.contains("Reads from sqlite") && page.ends_with("</html>"));
    let page = html::render(&sample::report(&[1], 0));
    assert!(page.contains("<svg"));
}

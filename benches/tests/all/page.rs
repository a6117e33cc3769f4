use std::fs;

use crate::QUESTIONS;
use crate::program::Program;

#[test]
fn one_page_has_every_question_in_short_and_whole() {
    let program = Program::new("all");
    let output = program.run("--quick");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8_lossy(&output.stdout);
    let page = fs::read_to_string(program.folder().join("report.html")).unwrap();
    let markdown = fs::read_to_string(program.folder().join("report.md")).unwrap();
    for (index, question) in QUESTIONS.into_iter().enumerate() {
        let number = index + 1;
        let count = QUESTIONS.len();
        assert!(
            errors.contains(&format!("{number}/{count}: {question}\n")),
            "{errors}"
        );
        assert!(text.contains(&format!("\n{question}\n")), "{text}");
        assert!(page.contains(&format!("<h2>{question}</h2>")));
        assert!(page.contains(&format!("<h2 id=\"part-{index}\">{question}</h2>")));
        assert!(page.contains(&format!("<a href=\"#part-{index}\">{question}</a>")));
        assert!(markdown.contains(&format!("\n## {question}\n")));
        assert!(markdown.contains(&format!("\n## {question} in full\n")));
    }
    assert!(page.contains("<h2>Losses</h2>") && page.contains("<h4>") && page.contains("<svg"));
    assert!(markdown.contains("\n## Losses\n"));
    // Each part has the command that asks it alone.
    assert!(page.contains("<code>forebay-bench reads --workload page "));
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
}

#[test]
fn the_page_loads_nothing_and_its_addresses_are_there_once() {
    let program = Program::new("all");
    program.report("--quick");
    let page = fs::read_to_string(program.folder().join("report.html")).unwrap();
    for loading in ["src=", "<link", "@import", "url(", "http:", "https:"] {
        assert!(!page.contains(loading), "{loading}");
    }
    let after = |mark: &str| {
        let parts = page.split(mark).skip(1);
        let ends = parts.map(|rest| rest.split('"').next().unwrap().to_owned());
        ends.collect::<Vec<String>>()
    };
    let ids = after(" id=\"");
    let mut each = ids.clone();
    each.sort_unstable();
    each.dedup();
    assert_eq!(each.len(), ids.len(), "{ids:?}");
    let links = after("href=\"#");
    assert!(!links.is_empty());
    for link in links {
        assert!(ids.contains(&link), "{link}");
    }
}

#[test]
fn every_question_is_answered_in_a_sentence() {
    let program = Program::new("all");
    let output = program.run("--quick --quiet");
    assert!(output.status.success());
    let text = fs::read_to_string(program.folder().join("report.md")).unwrap();
    let sentences = text.lines().filter(|line| line.starts_with("* With "));
    let sentences: Vec<&str> = sentences.collect();
    assert_eq!(sentences.len(), QUESTIONS.len(), "{text}");
    // Sixteen ask at once for each of four rows, and whoever keeps answers asks for each once.
    let stampede = sentences[0];
    assert!(stampede.starts_with("* With 16 clients: fewest backend calls, 4, by "));
    assert!(stampede.contains(" (direct: 16.0 × as many); "));
}

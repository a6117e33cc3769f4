//! What a document leads to must be there, and guides answer the same questions.

use std::path::{Path, PathBuf};

/// The headings of every page in `docs/guide`, in this order.
const QUESTIONS: [&str; 6] = [
    "What it guarantees",
    "What it does not",
    "What it costs",
    "Cancel safety",
    "Choosing settings",
    "How it fails",
];

/// Crates that users meet through others, or from a test only.
const WITHOUT_GUIDE: [&str; 3] = ["forebay", "forebay-rt", "forebay-testkit"];

/// A document, with the line before each finding.
pub(crate) fn unlike_other_guides(text: &str) -> Vec<String> {
    let headings: Vec<_> = prose(text)
        .filter_map(|(_, line)| line.strip_prefix("## "))
        .collect();
    if headings == QUESTIONS {
        return Vec::new();
    }
    vec![format!("1: its headings are {headings:?}")]
}

/// Whether a published crate has a page of its own.
pub(crate) fn lacks_guide(package: &str, root: &Path) -> Option<String> {
    let name = package.strip_prefix("forebay-").unwrap_or(package);
    let page = format!("docs/guide/{name}.md");
    let is_missing = !WITHOUT_GUIDE.contains(&package) && !root.join(&page).is_file();
    is_missing.then(|| format!("{package}: has no page {page}"))
}

/// Finds links to files that are not there, and to headings that a file does not have.
pub(crate) fn dead_links(path: &str, text: &str, root: &Path) -> Vec<String> {
    let folder = root.join(path).parent().map(Path::to_owned);
    let folder = folder.unwrap_or_else(|| root.to_owned());
    let mut findings = Vec::new();
    for (number, line) in prose(text) {
        for target in targets(line).filter(|target| !target.contains("://")) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() {
                root.join(path)
            } else {
                folder.join(file)
            };
            if !file.exists() {
                findings.push(format!("{number}: leads nowhere: {target}"));
            } else if !heading.is_empty() && !has_heading(&file, heading) {
                findings.push(format!("{number}: leads to no heading: {target}"));
            }
        }
    }
    findings
}

/// Finds commands with a manifest or an example that is not there.
pub(crate) fn dead_commands(text: &str, root: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let words: Vec<_> = line
            .split(|letter: char| letter.is_whitespace() || letter == '`' || letter == '|')
            .collect();
        if !words.contains(&"cargo") {
            continue;
        }
        let after = |flags: &[&str]| {
            let at = words.iter().position(|word| flags.contains(word))?;
            words.get(at + 1).copied()
        };
        let package = after(&["-p", "--package"]);
        let folder = package.map(|package| match package {
            "forebay-bench" => root.join("benches"),
            package => root.join("crates").join(package),
        });
        let example = |(folder, example): (PathBuf, &str)| {
            let examples = folder.join("examples");
            let in_folder = examples.join(example).join("main.rs");
            let alone = examples.join(format!("{example}.rs"));
            if in_folder.is_file() {
                in_folder
            } else {
                alone
            }
        };
        let named = [
            after(&["--manifest-path"]).map(|manifest| root.join(manifest)),
            folder.as_ref().map(|folder| folder.join("Cargo.toml")),
            folder.zip(after(&["--example"])).map(example),
        ];
        if named.iter().flatten().any(|file| !file.is_file()) {
            findings.push(format!("{number}: runs nothing: {}", line.trim()));
        }
    }
    findings
}

/// The lines of a document, without those of its code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

fn targets(line: &str) -> impl Iterator<Item = &str> {
    let ends = line.split("](").skip(1);
    ends.filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
}

fn has_heading(file: &Path, wanted: &str) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    prose(&text)
        .filter_map(|(_, line)| line.trim_start_matches('#').strip_prefix(' '))
        .any(|heading| anchor(heading) == wanted)
}

/// By what a heading is called in a link.
fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
    let kept = heading.trim().chars().filter(kept);
    kept.map(|letter| if letter == ' ' { '-' } else { letter })
        .collect::<String>()
        .to_lowercase()
}

#[test]
fn a_guide_has_its_headings_in_order() {
    let page = |questions: &[&str]| {
        let sections = questions.iter().map(|question| format!("## {question}\n"));
        sections.collect::<String>()
    };
    assert_eq!(unlike_other_guides(&page(&QUESTIONS)), Vec::<String>::new());
    assert_eq!(unlike_other_guides(&page(&QUESTIONS[1..])).len(), 1);
    let mut turned = QUESTIONS;
    turned.swap(0, 1);
    assert_eq!(unlike_other_guides(&page(&turned)).len(), 1);
}

#[test]
fn a_crate_without_a_guide_is_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(lacks_guide("forebay-nowhere", root).is_some());
    assert!(lacks_guide("forebay-rt", root).is_none());
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for bad in ["[a](nothing.md)", "[a](#nothing) and", "[a](src/nothing)"] {
        assert_eq!(dead_links("README.md", bad, root).len(), 1, "{bad}");
    }
    for good in [
        "[a](Cargo.toml) [b](src)",
        "[a](https://example.com/nothing.md)",
        "```rust\n[a](nothing)\n```",
        "[a](#which-crate)",
    ] {
        assert_eq!(
            dead_links("README.md", good, root),
            Vec::<String>::new(),
            "{good}"
        );
    }
}

#[test]
fn a_command_that_runs_nothing_is_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for bad in [
        "cargo run --manifest-path examples/nothing/Cargo.toml",
        "`cargo run -p forebay-nothing`",
        "cargo run -p forebay --example nothing",
    ] {
        assert_eq!(dead_commands(bad, &root).len(), 1, "{bad}");
    }
    for good in [
        "cargo test --workspace",
        "cargo run -p forebay-bench -- reads",
        "cargo run -p forebay --example follow_path",
        "run -p forebay-nothing",
    ] {
        assert_eq!(dead_commands(good, &root), Vec::<String>::new(), "{good}");
    }
}

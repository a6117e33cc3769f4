//! What a text must not say.

use std::iter;

/// Written in two halves, so that this file does not find itself.
const MARKERS: [&str; 4] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
];

/// Words before a number with two parts that make it a version.
const VERSION_WORDS: [&str; 6] = ["version", "versions", "rust", "rustc", "msrv", "release"];

const BANNER_LENGTH_MIN: usize = 4;

/// Finds notes about work that was not done; such a note belongs where work is tracked.
pub(crate) fn markers(text: &str) -> Vec<String> {
    let is_marked = |line: &str| words(line).any(|word| MARKERS.contains(&word));
    find(text, is_marked, "unfinished business")
}

/// Finds comments that draw a line instead of saying something.
pub(crate) fn banners(text: &str) -> Vec<String> {
    find(text, is_banner, "a banner")
}

/// Finds version numbers in Markdown: they are right only until the next release.
///
/// Code is read for dependency lines only, because a program may well hold an address or a
/// figure.
pub(crate) fn versions(markdown: &str) -> Vec<String> {
    let mut is_code = false;
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(markdown.lines()) {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_dependency_line(line) || (!is_code && names_version(line)) {
            findings.push(format!("{number}: a version number: {}", line.trim()));
        }
    }
    findings
}

/// Does for the doc comments of Rust code what [`versions`] does for Markdown.
pub(crate) fn versions_in_doc_comments(text: &str) -> Vec<String> {
    let comment = |line: &'_ str| {
        let line = line.trim_start();
        let rest = line
            .strip_prefix("//!")
            .or_else(|| line.strip_prefix("///"));
        rest.unwrap_or_default().to_owned()
    };
    versions(&text.lines().map(comment).collect::<Vec<_>>().join("\n"))
}

fn find(text: &str, is_found: impl Fn(&str) -> bool, what: &str) -> Vec<String> {
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| is_found(line))
        .map(|(number, line)| format!("{number}: {what}: {}", line.trim()))
        .collect()
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
}

fn is_banner(line: &str) -> bool {
    let line = line.trim();
    // Doc comments may hold tables and drawings.
    if line.starts_with("///") && !line.starts_with("////") || line.starts_with("//!") {
        return false;
    }
    let comment = line.strip_prefix("//").or_else(|| line.strip_prefix('#'));
    let Some(comment) = comment.map(str::trim) else {
        return false;
    };
    let longest_run = |text: &str| {
        let mut previous = None;
        let mut run = 0;
        let runs = text.chars().map(|letter| {
            run = if previous == Some(letter) { run + 1 } else { 1 };
            previous = Some(letter);
            run
        });
        runs.max().unwrap_or(0)
    };
    let ruled = comment.split(|letter: char| letter.is_alphanumeric() || letter == ' ');
    ruled.map(longest_run).max().unwrap_or(0) >= BANNER_LENGTH_MIN
}

/// A line of a manifest that gives a name or a `version` a number.
fn is_dependency_line(line: &str) -> bool {
    let Some((_, value)) = line.split_once("= \"") else {
        return false;
    };
    let Some((value, _)) = value.split_once('"') else {
        return false;
    };
    let number = value.trim_start_matches(['=', '^', '~', '>', '<', ' ']);
    !number.is_empty() && parts(number).is_some()
}

fn names_version(line: &str) -> bool {
    let is_number = |word: &&str| parts(word.strip_prefix('v').unwrap_or(word)).is_some();
    let trimmed = |word: &'_ str| {
        let word = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        word.to_owned()
    };
    let words: Vec<_> = line.split_whitespace().map(trimmed).collect();
    let before = iter::once("").chain(words.iter().map(String::as_str));
    before.zip(&words).any(|(before, word)| {
        let Some(count) = Some(word.as_str()).filter(is_number).and_then(count_parts) else {
            return false;
        };
        let is_introduced = VERSION_WORDS.contains(&before.to_lowercase().as_str());
        count == 3 || (count == 2 && (is_introduced || word.starts_with('v')))
    })
}

fn count_parts(word: &str) -> Option<usize> {
    parts(word.strip_prefix('v').unwrap_or(word))
}

/// Returns of how many numbers with dots between them the text consists.
fn parts(text: &str) -> Option<usize> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split('.')
        .all(is_number)
        .then(|| text.split('.').count())
}

#[test]
fn a_marker_is_found_as_a_word_only() {
    for marker in MARKERS {
        assert_eq!(markers(&format!("// {marker}: later")).len(), 1);
        assert_eq!(
            markers(&format!("let {marker}_LIST = 1;")),
            Vec::<String>::new()
        );
    }
}

#[test]
fn a_banner_is_found_and_a_drawing_in_docs_is_not() {
    for bad in [
        "// =====",
        "//////////",
        "// ---- parsing ----",
        "# ~~~~ deps ~~~~",
        "// ────",
    ] {
        assert_eq!(banners(bad).len(), 1, "{bad}");
    }
    for good in [
        "// a -> b, c => d",
        "/// |----|----|",
        "//! request ────► backend",
        "# --all-features",
        "let a = b; // why",
        "println!(\"====\");",
    ] {
        assert_eq!(banners(good), Vec::<String>::new(), "{good}");
    }
}

#[test]
fn a_version_in_prose_is_found() {
    for bad in [
        "since 1.2.3 it waits",
        "(v0.4)",
        "needs Rust 1.89 or newer",
        "```toml\nforebay = \"0.1\"\n```",
        "```toml\nforebay = { version = \"1\" }\n```",
    ] {
        assert_eq!(versions(bad).len(), 1, "{bad}");
    }
}

#[test]
fn a_ratio_an_address_and_code_are_no_versions() {
    for good in [
        "at most 1.35 times a mutex",
        "listens on 127.0.0.1",
        "```text\ncompare 1.2.3\n```",
        "a = \"text\"",
        "in 2026.",
    ] {
        assert_eq!(versions(good), Vec::<String>::new(), "{good}");
    }
}

#[test]
fn doc_comments_are_read_as_markdown_and_code_is_not() {
    let text = "/// Since 1.2.3.\nlet version = \"1.2.3\";\n//! ```\n//! 1.2.3\n//! ```\n";
    assert_eq!(versions_in_doc_comments(text).len(), 1);
}

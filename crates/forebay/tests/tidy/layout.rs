//! Where things are and what they are called.

use crate::workspace::Dependency;
use crate::workspace::Member;

const ROOT_ENTRIES_MAX: usize = 16;

/// Names that say nothing about the content, so that anything ends up in there.
const VAGUE_NAMES: [&str; 8] = [
    "common", "helper", "helpers", "misc", "prelude", "types", "util", "utils",
];

const KEYWORDS_MAX: usize = 5;

pub(crate) fn vague_name(path: &str) -> Option<String> {
    let name = path.rsplit('/').next()?;
    let stem = name.strip_suffix(".rs")?;
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    let is_vague = VAGUE_NAMES.contains(&stem) || VAGUE_NAMES.contains(&folder) || stem == "mod";
    is_vague.then(|| format!("{path}: not named after what it holds"))
}

pub(crate) fn crowded_root(entries: &[String]) -> Vec<String> {
    if entries.len() <= ROOT_ENTRIES_MAX {
        return Vec::new();
    }
    let count = entries.len();
    vec![format!(
        "the root has {count} entries, at most {ROOT_ENTRIES_MAX}: {entries:?}"
    )]
}

/// Core and rt stand on nothing of ours, the other crates on these two, the facade on the crates but
/// rt, which is not for users, and the benches on all of them. The consumer alone stands on other
/// crates as well, where a feature asks for it: to join logs and stores is what it is for, and neither
/// has to know of it.
pub(crate) fn wrong_dependencies(member: &Member) -> Vec<String> {
    let ours = |name: &str| name == "forebay" || name.starts_with("forebay-");
    member
        .dependencies
        .iter()
        .filter(|dependency| ours(&dependency.name))
        .filter(|dependency| !may_depend(&member.name, &dependency.name, dependency.is_development))
        .map(|dependency| format!("{}: must not depend on {}", member.folder, dependency.name))
        .collect()
}

fn may_depend(from: &str, to: &str, is_development: bool) -> bool {
    match from {
        "forebay-core" | "forebay-rt" => false,
        "forebay" => to != "forebay-bench" && to != "forebay-rt",
        "forebay-bench" => true,
        "forebay-consumer" if to == "forebay-events" || to == "forebay-checkpoint" => true,
        _ if is_development && to == "forebay-testkit" => true,
        _ => to == "forebay-core" || to == "forebay-rt",
    }
}

pub(crate) fn misnamed_folder(member: &Member) -> Vec<String> {
    let expected = match member.name.as_str() {
        "forebay-bench" => "benches".to_owned(),
        name => format!("crates/{name}"),
    };
    if member.folder == expected || member.folder == format!("examples/{}", member.name) {
        return Vec::new();
    }
    vec![format!(
        "{}: the package {} belongs into {expected}",
        member.folder, member.name
    )]
}

/// What the registry shows of a package must be there, and lints and versions come from the root.
pub(crate) fn unready(member: &Member) -> Vec<String> {
    let mut findings = Vec::new();
    let mut expect = |is_met: bool, what: &str| {
        if !is_met {
            findings.push(format!("{}/Cargo.toml: {what}", member.folder));
        }
    };
    expect(
        member.manifest.contains("[lints]\nworkspace = true"),
        "does not take the lints of the workspace",
    );
    for field in ["version", "edition", "rust-version", "license"] {
        expect(
            member
                .manifest
                .contains(&format!("{field}.workspace = true")),
            &format!("`{field}` is not that of the workspace"),
        );
    }
    if !member.is_published {
        return findings;
    }
    for field in ["description", "readme", "repository"] {
        let is_given = member.package[field]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        expect(is_given, &format!("`{field}` is missing"));
    }
    for field in ["keywords", "categories"] {
        let count = member.package[field].as_array().map_or(0, Vec::len);
        expect(
            (1..=KEYWORDS_MAX).contains(&count),
            &format!("`{field}` needs one to {KEYWORDS_MAX} entries"),
        );
    }
    expect(member.has_readme, "has no README.md beside it");
    findings
}

fn sample(name: &str, folder: &str) -> Member {
    Member {
        name: name.to_owned(),
        folder: folder.to_owned(),
        is_published: true,
        dependencies: Vec::new(),
        has_readme: true,
        manifest: "version.workspace = true\nedition.workspace = true\nrust-version.workspace = \
                   true\nlicense.workspace = true\n[lints]\nworkspace = true\n"
            .to_owned(),
        package: serde_json::json!({
            "description": "one sentence",
            "readme": "README.md",
            "repository": "https://example.org",
            "keywords": ["async"],
            "categories": ["caching"],
        }),
    }
}

#[test]
fn a_vague_name_is_found_wherever_it_stands() {
    assert_eq!(vague_name("crates/forebay-core/src/batch.rs"), None);
    assert_eq!(vague_name("docs/common.md"), None);
    for path in [
        "a/src/util.rs",
        "a/tests/common/keys.rs",
        "a/src/batch/mod.rs",
        "types.rs",
    ] {
        assert!(vague_name(path).is_some(), "{path}");
    }
}

#[test]
fn a_root_with_too_many_entries_is_found() {
    let entries = |count| vec!["entry".to_owned(); count];
    assert_eq!(crowded_root(&entries(16)), Vec::<String>::new());
    assert_eq!(crowded_root(&entries(17)).len(), 1);
}

#[test]
fn dependencies_that_point_the_wrong_way_are_found() {
    let findings = |from: &str, to: &str, is_development| {
        let mut member = sample(from, "folder");
        member.dependencies.push(Dependency {
            name: to.to_owned(),
            is_development,
        });
        wrong_dependencies(&member).len()
    };
    assert_eq!(findings("forebay-core", "serde", false), 0);
    assert_eq!(findings("forebay-core", "forebay-rt", true), 1);
    assert_eq!(findings("forebay-core", "forebay-testkit", true), 1);
    assert_eq!(findings("forebay-rt", "forebay-core", false), 1);
    assert_eq!(findings("forebay-rt", "forebay-batch", true), 1);
    assert_eq!(findings("forebay-batch", "forebay-core", false), 0);
    assert_eq!(findings("forebay-batch", "forebay-rt", false), 0);
    assert_eq!(findings("forebay-batch", "forebay-singleflight", false), 1);
    assert_eq!(findings("forebay-batch", "forebay-singleflight", true), 1);
    assert_eq!(findings("forebay-batch", "forebay-testkit", true), 0);
    assert_eq!(findings("forebay-batch", "forebay-testkit", false), 1);
    assert_eq!(findings("forebay-batch", "forebay", true), 1);
    assert_eq!(findings("forebay-testkit", "forebay-rt", false), 0);
    assert_eq!(findings("forebay-consumer", "forebay-events", false), 0);
    assert_eq!(findings("forebay-consumer", "forebay-checkpoint", true), 0);
    assert_eq!(findings("forebay-consumer", "forebay-snapshot", false), 1);
    assert_eq!(findings("forebay-checkpoint", "forebay-consumer", false), 1);
    assert_eq!(findings("forebay", "forebay-batch", false), 0);
    assert_eq!(findings("forebay", "forebay-rt", false), 1);
    assert_eq!(findings("forebay", "forebay-bench", true), 1);
    assert_eq!(findings("forebay-bench", "forebay", false), 0);
}

#[test]
fn a_folder_with_another_name_than_its_package_is_found() {
    let findings = |name, folder| misnamed_folder(&sample(name, folder)).len();
    assert_eq!(findings("forebay-core", "crates/forebay-core"), 0);
    assert_eq!(findings("forebay-bench", "benches"), 0);
    assert_eq!(findings("forebay-feed", "examples/forebay-feed"), 0);
    assert_eq!(findings("forebay-core", "crates/core"), 1);
}

#[test]
fn a_member_that_could_not_be_published_is_found() {
    assert_eq!(
        unready(&sample("forebay-core", "folder")),
        Vec::<String>::new()
    );
    let finds = |spoil: fn(&mut Member)| {
        let mut member = sample("forebay-core", "folder");
        spoil(&mut member);
        unready(&member).len()
    };
    assert_eq!(finds(|member| member.has_readme = false), 1);
    assert_eq!(finds(|member| member.manifest.truncate(80)), 2);
    assert_eq!(finds(|member| member.package["description"] = "".into()), 1);
    assert_eq!(
        finds(|member| member.package["keywords"] = Vec::<u8>::new().into()),
        1
    );
    assert_eq!(
        finds(|member| member.package["categories"] = vec!["a"; 6].into()),
        1
    );
}

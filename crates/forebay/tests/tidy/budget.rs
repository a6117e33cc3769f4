//! How much else has to be built for a crate.

use std::path::Path;
use std::process::Command;

use crate::workspace::Member;

/// So many packages, ours included, may stand below a crate as most people build it: without its
/// tests, with its default features.
const fn packages_max(member: &str) -> usize {
    match member.as_bytes() {
        b"forebay" => 45,
        b"forebay-core" | b"forebay-rt" => 3,
        _ => 20,
    }
}

pub(crate) fn overdrawn(member: &Member, root: &Path) -> Vec<String> {
    if !member.is_published {
        return Vec::new();
    }
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none"])
        .args(["--package", &member.name])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo tree failed");
    let tree = String::from_utf8(output.stdout).unwrap();
    beyond(&member.name, &tree, packages_max(&member.name))
}

/// `tree` has a line for each dependency of each package, the package itself first.
fn beyond(name: &str, tree: &str, packages_max: usize) -> Vec<String> {
    let mut packages: Vec<_> = tree
        .lines()
        .skip(1)
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    packages.sort_unstable();
    packages.dedup();
    if packages.len() <= packages_max {
        return Vec::new();
    }
    let count = packages.len();
    vec![format!(
        "{name}: builds {count} other packages, at most {packages_max}: {packages:?}"
    )]
}

#[test]
fn packages_are_counted_once_and_without_the_crate_itself() {
    let tree = "a v1.0.0\nb v1.0.0\nc v1.0.0\nb v1.0.0 (*)\nc v2.0.0\n";
    assert_eq!(beyond("a", tree, 3), Vec::<String>::new());
    assert_eq!(beyond("a", tree, 2).len(), 1);
}

//! The repository as the rules see it: its text files, and its members as cargo knows them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What is made, fetched or found rather than written.
const SKIPPED_FOLDERS: [&str; 6] = [
    ".git",
    "target",
    "artifacts",
    "corpus",
    "coverage",
    "proptest-regressions",
];

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) files: Vec<SourceFile>,
    pub(crate) members: Vec<Member>,
    pub(crate) root_entries: Vec<String>,
}

pub(crate) struct SourceFile {
    /// Relative to the root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

pub(crate) struct Member {
    pub(crate) name: String,
    /// Relative to the root, with forward slashes.
    pub(crate) folder: String,
    pub(crate) is_published: bool,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) has_readme: bool,
    pub(crate) manifest: String,
    /// The package as `cargo metadata` prints it.
    pub(crate) package: Value,
}

pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) is_development: bool,
}

impl Workspace {
    pub(crate) fn open() -> Self {
        let root = root();
        let ignored = fs::read_to_string(root.join(".gitignore")).unwrap();
        let mut root_entries: Vec<_> = fs::read_dir(&root)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !SKIPPED_FOLDERS.contains(&name.as_str()))
            .filter(|name| !ignored.lines().any(|line| line == format!("/{name}")))
            .collect();
        root_entries.sort();

        let mut files = Vec::new();
        for entry in &root_entries {
            collect(&root, &root.join(entry), &mut files);
        }
        Self {
            files,
            members: members(&root),
            root_entries,
            root,
        }
    }

    pub(crate) fn sources_of(&self, member: &Member) -> Vec<&SourceFile> {
        let folder = format!("{}/src/", member.folder);
        self.files
            .iter()
            .filter(|file| file.path.starts_with(&folder) && file.is_rust())
            .collect()
    }
}

impl SourceFile {
    /// Puts the path before a finding that begins with its line.
    pub(crate) fn locate(&self, finding: &str) -> String {
        format!("{}:{finding}", self.path)
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.has_extension(&["rs"])
    }

    pub(crate) fn is_library_root(&self) -> bool {
        self.path.ends_with("src/lib.rs")
    }

    pub(crate) fn has_comments(&self) -> bool {
        self.has_extension(&["rs", "toml", "sh", "js", "css"]) || self.path.starts_with(".ci/")
    }

    pub(crate) fn is_document(&self) -> bool {
        self.has_extension(&["md"])
    }

    /// Whether people read it to learn; logs and dated records name versions on purpose.
    pub(crate) fn is_guide(&self) -> bool {
        let is_record = self.path.ends_with("CHANGELOG.md") || self.path.ends_with("COMPARE.md");
        self.is_document() && !is_record
    }

    fn has_extension(&self, wanted: &[&str]) -> bool {
        let extension = Path::new(&self.path).extension().and_then(OsStr::to_str);
        extension.is_some_and(|extension| wanted.contains(&extension))
    }
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

/// Collects the text files at and below `path`; a symbolic link is read where it points to.
fn collect(root: &Path, path: &Path, files: &mut Vec<SourceFile>) {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    if SKIPPED_FOLDERS.contains(&name) || path.is_symlink() {
        return;
    }
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            collect(root, &path, files);
        }
    } else if let Ok(text) = fs::read_to_string(path)
        && name != "Cargo.lock"
        && name != "LICENSE"
    {
        files.push(SourceFile {
            path: relative(root, path),
            text,
        });
    }
}

fn relative(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap();
    relative.to_str().unwrap().replace('\\', "/")
}

fn members(root: &Path) -> Vec<Member> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata failed");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| member(root, package))
        .collect()
}

fn member(root: &Path, package: &Value) -> Member {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    let folder = manifest.parent().unwrap();
    let dependencies = package["dependencies"].as_array().unwrap();
    Member {
        name: text(&package["name"]),
        folder: relative(root, folder),
        // `null` means every registry, an empty list none.
        is_published: package["publish"].is_null(),
        dependencies: dependencies
            .iter()
            .map(|dependency| Dependency {
                name: text(&dependency["name"]),
                is_development: dependency["kind"] == "dev",
            })
            .collect(),
        has_readme: folder.join("README.md").is_file(),
        manifest: fs::read_to_string(&manifest).unwrap(),
        package: package.clone(),
    }
}

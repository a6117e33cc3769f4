//! The rules of the house that no compiler lint holds.
//!
//! * [`sizes`]: files and functions stay short, `lib.rs` is a table of contents.
//! * [`safety`]: unsafe code is in the files that were decided on, and nowhere else.
//! * [`layout`]: dependencies between members point one way, folders are named after their
//!   packages, every member is ready to be published, the root stays small.
//! * [`budget`]: few other packages have to be built for a crate.
//! * [`promises`]: whoever returns a future says what dropping it loses and how it fails.
//! * [`documents`]: links and commands lead somewhere, and each crate has a guide like the others.
//! * [`prose`]: no unfinished business, no banners, no version numbers that nobody would update.
//!
//! Each rule is a function over text or a syntax tree, with a sample that it must reject and one
//! that it must accept. The tests here apply them to the whole repository.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod budget;
mod documents;
mod layout;
mod promises;
mod prose;
mod safety;
mod sizes;
mod workspace;

use crate::workspace::{Member, SourceFile, Workspace};

/// Fails with every finding at once, so that one run shows all there is to do.
fn assert_clean(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

fn check_files(is_meant: fn(&SourceFile) -> bool, rule: fn(&str) -> Vec<String>) {
    let workspace = Workspace::open();
    let findings: Vec<_> = workspace
        .files
        .iter()
        .filter(|file| is_meant(file))
        .flat_map(|file| {
            rule(&file.text)
                .into_iter()
                .map(|found| file.locate(&found))
        })
        .collect();
    assert_clean(&findings);
}

fn check_members(rule: fn(&Member) -> Vec<String>) {
    let workspace = Workspace::open();
    let findings: Vec<_> = workspace.members.iter().flat_map(rule).collect();
    assert_clean(&findings);
}

#[test]
fn files_are_short() {
    check_files(SourceFile::is_rust, sizes::long_file);
}

#[test]
fn the_map_is_short() {
    check_files(
        |file| file.path.ends_with("ARCHITECTURE.md"),
        sizes::long_map,
    );
}

#[test]
fn functions_are_short() {
    check_files(SourceFile::is_rust, sizes::long_functions);
}

#[test]
fn library_roots_are_tables_of_contents() {
    check_files(SourceFile::is_library_root, sizes::crowded_library_root);
}

#[test]
fn published_libraries_forbid_unsafe_code() {
    let is_meant = |file: &SourceFile| {
        file.is_library_root()
            && file.path.starts_with("crates/")
            && !safety::has_unsafe_files(&file.path)
    };
    check_files(is_meant, safety::possibly_unsafe);
}

#[test]
fn unsafe_code_is_where_it_was_decided_to_be() {
    let is_meant = |file: &SourceFile| {
        file.is_rust()
            && file.path.starts_with("crates/")
            && file.path.contains("/src/")
            && !safety::UNSAFE_FILES.contains(&file.path.as_str())
    };
    check_files(is_meant, safety::unsafe_code);
}

#[test]
fn futures_say_what_dropping_them_loses_and_how_they_fail() {
    let workspace = Workspace::open();
    let findings: Vec<_> = workspace
        .members
        .iter()
        .filter(|member| member.is_published)
        .flat_map(|member| promises::missing(&workspace.sources_of(member)))
        .collect();
    assert_clean(&findings);
}

#[test]
fn nothing_is_left_unfinished() {
    check_files(|_| true, prose::markers);
}

#[test]
fn comments_have_no_banners() {
    check_files(SourceFile::has_comments, prose::banners);
}

#[test]
fn documentation_names_no_versions() {
    check_files(SourceFile::is_guide, prose::versions);
    check_files(SourceFile::is_rust, prose::versions_in_doc_comments);
}

#[test]
fn documents_lead_somewhere() {
    let workspace = Workspace::open();
    let documents = workspace.files.iter().filter(|file| file.is_document());
    let findings = documents.flat_map(|file| {
        let links = documents::dead_links(&file.path, &file.text, &workspace.root);
        let commands = documents::dead_commands(&file.text, &workspace.root);
        let found = links.into_iter().chain(commands);
        found.map(|found| file.locate(&found)).collect::<Vec<_>>()
    });
    assert_clean(&findings.collect::<Vec<_>>());
}

#[test]
fn guides_answer_the_same_questions() {
    let is_page = |file: &SourceFile| {
        file.path.starts_with("docs/guide/") && !file.path.ends_with("README.md")
    };
    check_files(is_page, documents::unlike_other_guides);

    let workspace = Workspace::open();
    let published = workspace
        .members
        .iter()
        .filter(|member| member.is_published);
    let lacking =
        published.filter_map(|member| documents::lacks_guide(&member.name, &workspace.root));
    assert_clean(&lacking.collect::<Vec<_>>());
}

#[test]
fn files_are_named_after_what_they_hold() {
    let workspace = Workspace::open();
    let paths = workspace.files.iter().map(|file| file.path.as_str());
    assert_clean(&paths.filter_map(layout::vague_name).collect::<Vec<_>>());
}

#[test]
fn the_root_stays_small() {
    let workspace = Workspace::open();
    assert_clean(&layout::crowded_root(&workspace.root_entries));
}

#[test]
fn dependencies_between_members_point_one_way() {
    check_members(layout::wrong_dependencies);
}

#[test]
fn members_are_named_after_their_folders() {
    check_members(layout::misnamed_folder);
}

#[test]
fn members_are_ready_to_be_published() {
    check_members(layout::unready);
}

#[test]
fn crates_need_few_others() {
    let workspace = Workspace::open();
    let findings: Vec<_> = workspace
        .members
        .iter()
        .flat_map(|member| budget::overdrawn(member, &workspace.root))
        .collect();
    assert_clean(&findings);
}

//! A report's files on disk.

use std::fs;
use std::path::Path;

use forebay_bench::report::error::ReportError;
use forebay_bench::report::json;
use forebay_bench::report::model::Offered;
use forebay_bench::report::output::{Folder, NAMES};

use crate::sample;

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn three_files_are_written_and_nothing_else_stays() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::open(place.path().join("a/b")).unwrap();
    assert!(entries(folder.path()).is_empty());
    let report = sample::report(&[1], 2);
    let written = folder.write(&report).unwrap();
    assert_eq!(entries(folder.path()), NAMES);
    assert_eq!(json::read(&written[1]).unwrap(), report);
}

#[test]
fn refused_report_leaves_the_earlier_one() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::open(place.path()).unwrap();
    let mut report = sample::report(&[1], 2);
    let written = folder.write(&report).unwrap();
    let earlier = fs::read(&written[1]).unwrap();
    sample::reads(&mut report).points[0].offered = Offered::Speed(f64::NAN);
    assert!(matches!(
        folder.write(&report),
        Err(ReportError::Invalid { .. })
    ));
    assert_eq!(fs::read(&written[1]).unwrap(), earlier);
    assert_eq!(entries(folder.path()), NAMES);
}

#[test]
fn places_that_cannot_be_written_to_are_found_at_once() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("file"), "").unwrap();
    let said = Folder::open(place.path().join("file")).unwrap_err().line();
    assert!(
        said.starts_with("cannot create ") && said.contains("/file: "),
        "{said}"
    );
    fs::create_dir(place.path().join("report.md")).unwrap();
    let said = Folder::open(place.path()).unwrap_err().line();
    assert!(
        said.starts_with("cannot replace ") && said.contains("report.md: "),
        "{said}"
    );
}

#[test]
fn unreadable_reports_are_named() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("report.json");
    let said = json::read(&path).unwrap_err().line();
    assert!(
        said.starts_with("cannot open ") && said.contains("report.json: "),
        "{said}"
    );
    fs::write(&path, "{}").unwrap();
    let said = json::read(&path).unwrap_err().line();
    assert!(
        said.contains("report.json is not a report: expected the JSON of a report"),
        "{said}"
    );
    assert!(
        said.contains("missing field `schema`") && said.lines().count() == 1,
        "{said}"
    );
}

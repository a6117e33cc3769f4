use std::fs;
use std::process::Command;

use forebay_bench::checkpoints::keeper;

use crate::program::{Program, number, rounds};

const SHORT: &str = "--time 4ms --yardstick 1ms --repeat 1 --processes 0";

#[test]
fn what_is_counted_stands_apart_from_what_is_measured() {
    let program = Program::new("checkpoints");
    let report = program.report(&format!(
        "{SHORT} --no-trace --writers 1 --keys 3 --updates 0 --strategies lmdb"
    ));
    assert_eq!(report["kind"], "checkpoints");
    let counted = report["counted"].to_string();
    assert!(!counted.contains("_ns") && !counted.contains("yardstick"));
    let measured = report["measured"].to_string();
    assert!(!measured.contains("batches") && measured.contains("yardstick_after"));
}

#[test]
fn calls_of_the_system_are_counted_where_strace_is_allowed() {
    let program = Program::new("checkpoints");
    let arguments = format!(
        "--json --quiet {SHORT} --writers 1 --keys 1,5,9 --updates 0 \
         --strategies forebay,json,lmdb"
    );
    let output = program.run(&arguments);
    assert!(output.status.success());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let traced = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .status();
    if !traced.is_ok_and(|status| status.success()) {
        let warnings = report["header"]["warnings"].to_string();
        assert!(
            warnings.contains("strace is not there or not allowed"),
            "{warnings}"
        );
        return;
    }
    // With the middle number of keys alone.
    for point in [0, 2] {
        assert!(rounds(&report, "counted", point, "json")[0]["calls"].is_null());
    }
    let calls = |name| &rounds(&report, "counted", 1, name)[0]["calls"];
    let ours = calls("forebay");
    let commits = number(ours, "commits");
    assert!(commits > 0);
    // One write and one sync for each commit of a lone writer, of 56 bytes, and nothing else.
    assert_eq!(number(ours, "syncs"), commits, "{ours}");
    assert_eq!(number(ours, "names"), 0, "{ours}");
    assert_eq!(
        number(ours, "bytes") - number(ours, "zeros"),
        56 * commits,
        "{ours}"
    );
    let json = calls("json");
    assert_eq!(number(json, "syncs"), 3 * number(json, "commits"), "{json}");
    assert!(
        number(json, "names") >= 6 * number(json, "commits"),
        "{json}"
    );
    let lmdb = calls("lmdb");
    assert_eq!(number(lmdb, "syncs"), 2 * number(lmdb, "commits"), "{lmdb}");
}

#[test]
fn files_are_written_and_compare_with_each_other() {
    let program = Program::new("checkpoints");
    let output = program.run(&format!(
        "--quiet {SHORT} --no-trace --writers 1,2 --keys 1,3 --updates 100 --updates-time 20ms"
    ));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    let text = String::from_utf8_lossy(&output.stdout);
    for strategy in keeper::ALL {
        assert!(text.contains(strategy.name), "{text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    assert!(text.contains("How large a store becomes"), "{text}");

    let page = fs::read_to_string(program.folder().join("report.html")).unwrap();
    assert!(page.contains("Durable positions") && page.contains("<svg"));
    let file = program.folder().join("report.json");
    let output = Program::new("cmp")
        .command([&file, &file])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("2 writers, 3 keys") && text.contains("yards"),
        "{text}"
    );
}

/// A folder in memory, where the system has one.
const MEMORY: &str = "/dev/shm";

#[test]
#[cfg(target_os = "linux")]
fn a_folder_in_memory_is_no_disk_and_that_is_said() {
    if !std::path::Path::new(MEMORY).is_dir() {
        return;
    }
    let program = Program::new("checkpoints");
    let report = program.report(&format!(
        "{SHORT} --no-trace --writers 1 --keys 1 --updates 0 --strategies json --folder {MEMORY}"
    ));
    let warnings = report["header"]["warnings"].to_string();
    assert!(warnings.contains("the folder is in memory"), "{warnings}");
}

#[test]
fn nothing_is_left_in_the_folder_that_is_measured() {
    let program = Program::new("checkpoints");
    let folder = program.folder().join("place");
    fs::create_dir(&folder).unwrap();
    let output = program.run(&format!(
        "{SHORT} --no-trace --writers 1 --keys 2 --updates 0 --folder place"
    ));
    assert!(output.status.success());
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn a_class_of_scheduling_that_is_refused_is_said() {
    let program = Program::new("checkpoints");
    let output = program.run(&format!(
        "--json --quiet {SHORT} --no-trace --realtime --writers 1 --keys 1 --updates 0 --strategies json"
    ));
    assert!(output.status.success());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let settings = report["header"]["settings"].as_array().unwrap();
    let class = settings
        .iter()
        .find(|setting| setting["name"] == "scheduling")
        .unwrap();
    let warned = report["header"]["warnings"]
        .to_string()
        .contains("no real-time class: ");
    assert_eq!(class["value"] == "ordinary", warned, "{report}");
}

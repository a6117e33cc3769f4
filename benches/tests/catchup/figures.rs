use std::fs;

use forebay_bench::catchup::way;

use crate::program::{Program, number, rounds};

#[test]
fn what_is_counted_stands_apart_from_what_is_measured() {
    let program = Program::new("catchup");
    let arguments = "--keys 50 --behind 10,20 --repeat 1 --strategies snapshot";
    let report = program.report(arguments);
    assert_eq!(report["kind"], "catchup");
    assert_eq!(report["counted"]["clock"], "virtual");
    let counted = report["counted"].to_string();
    assert!(!counted.contains("cpu_ns") && counted.contains("elapsed_ns"));
    let measured = report["measured"].to_string();
    assert!(!measured.contains("sent_bytes") && !measured.contains("elapsed_ns"));

    let report = program.report(&format!("{arguments} --network tcp"));
    assert_eq!(report["counted"]["clock"], "wall");
    assert!(!report["counted"].to_string().contains("elapsed_ns"));
    for point in 0..2 {
        let round = &rounds(&report, "measured", point, "snapshot")[0];
        let (figures, cost) = (&round["figures"], &round["figures"]["cost"]);
        assert!(number(round, "elapsed_ns") <= number(cost, "wall_ns"));
        assert!(number(figures, "provider_slice_ns") <= number(figures, "providers_cpu_ns"));
        assert!(number(cost, "allocations") > 0);
    }
}

#[test]
fn chosen_strategies_run_once_however_often_they_are_named() {
    let program = Program::new("catchup");
    let report =
        program.report("--strategies copy,replay,copy --keys 5 --behind 5 --repeat 1 --writes 0");
    let strategies = &report["counted"]["points"][0]["strategies"];
    let names = strategies.as_array().unwrap().iter();
    let names: Vec<&str> = names.map(|found| found["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["replay", "copy"]);
}

#[test]
fn files_are_written_and_compare_with_each_other() {
    let program = Program::new("catchup");
    for arguments in [
        "--keys 2000 --behind 100,10000 --repeat 1",
        "--keys 2000 --behind 10000 --repeat 2",
    ] {
        let output = program.run(arguments);
        assert!(output.status.success());
        let text = String::from_utf8_lossy(&output.stdout);
        for strategy in way::ALL {
            assert!(text.contains(strategy.name), "{text}");
        }
        let mut tables = text.lines().skip(2);
        assert!(tables.all(|line| line.chars().count() <= 100), "{text}");
        let notes = String::from_utf8_lossy(&output.stderr);
        assert!(
            notes.starts_with("wrote ") && notes.lines().count() == 1,
            "{notes}"
        );
    }
    let page = fs::read_to_string(program.folder().join("report.html")).unwrap();
    assert!(page.contains("Catching up") && page.contains("<svg"));
    assert!(
        page.contains("ideal "),
        "the least that the lines need is in it"
    );
    let file = program.folder().join("report.json");
    let output = Program::new("cmp")
        .command([&file, &file])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("2,000 keys, 10,000 changes behind"), "{text}");
    assert!(text.contains("providers-cpu"), "{text}");
}

#[test]
fn a_terminal_is_told_where_replaying_is_soonest() {
    let program = Program::new("catchup");
    let output = program.run("--keys 5000 --behind 100,100000 --repeat 1");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("\nreplaying is soonest at 100 changes behind\n"),
        "{text}"
    );
}

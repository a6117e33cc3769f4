use crate::program::Program;

/// Arguments that ask for what there is not, and what the one line must say.
const REFUSED: [(&str, &str); 27] = [
    (
        "--strategies luck",
        "allowed are direct, singleflight, batch, singleflight+batch, moka",
    ),
    (
        "--backend oracle",
        "[possible values: sqlite, postgres, model]",
    ),
    ("--backend postgres", "--postgres-url <URL>"),
    (
        "--backend postgres --postgres-url nowhere",
        "expected a URL such as postgres://user@localhost/database",
    ),
    (
        "--backend postgres --postgres-url postgres://user@localhost:1/x",
        "the server of --postgres-url cannot be used: PostgreSQL failed: error connecting",
    ),
    (
        "--workload nothing",
        "[possible values: zipf, uniform, scan, stampede, page]",
    ),
    ("--clients 0", "0 is not in 1..=1000000"),
    ("--clients 4,0", "0 is not in 1..=1000000"),
    ("--clients 4,4", "given twice"),
    ("--keys 0", "0 is not in 1..=100000000"),
    ("--loads 0", "0 is not in 1.."),
    ("--repeat 0", "0 is not in 1..=1000"),
    ("--capacity 0", "0 is not in 1..=100000000"),
    ("--connections 0", "0 is not in 1..=1024"),
    ("--in-flight 0", "0 is not in 1.."),
    ("--rate 0", "expected a number above 0"),
    ("--rate NaN", "expected a number above 0"),
    (
        "--duration 0s",
        "expected a time above zero, such as 250us, 1.5ms or 60s",
    ),
    (
        "--duration 5",
        "expected a time such as 250us, 1.5ms or 60s",
    ),
    ("--error-rate 1.5", "expected a number from 0 to 1"),
    ("--skew -1", "expected a number from 0 to 10"),
    ("--rate 5 --clients 5", "cannot be used with"),
    (
        "--rate 1000000000 --duration 1000s",
        "more than 4294967295 loads",
    ),
    (
        "--workload stampede --rate 5",
        "give --clients rather than --rate",
    ),
    (
        "--trace plain.txt --speed 2",
        "--speed needs a trace with times",
    ),
    (
        "--trace empty.txt",
        "empty.txt: holds no read; expected one key per line",
    ),
    ("--trace bad.csv", "bad.csv: line 2: expected `time,key`"),
];

#[test]
fn bad_input_ends_with_one_line_that_helps() {
    let program = Program::new("reads");
    program.file("plain.txt", "a\nb\n");
    program.file("empty.txt", "");
    program.file("bad.csv", "0,a\nb\n");
    for (arguments, said) in REFUSED {
        program.refuses(arguments, said);
    }
}

#[test]
fn files_and_folders_that_cannot_be_used_are_named() {
    let program = Program::new("reads");
    program.refuses("--trace missing.txt", "missing.txt: cannot be read");
    program.refuses("--trace .", ".: cannot be read");
    program.refuses(
        "--database missing",
        "the database in missing cannot be opened",
    );
    program.file("file", "");
    program.refuses("--out file/inside", "file/inside");
    program.refuses("--out file", "file");
}

#[test]
fn an_earlier_report_survives_a_refused_run() {
    let program = Program::new("reads");
    program.file("report.json", "earlier");
    program.refuses("--clients 0", "0 is not in");
    let kept = std::fs::read_to_string(program.folder().join("report.json")).unwrap();
    assert_eq!(kept, "earlier");
}

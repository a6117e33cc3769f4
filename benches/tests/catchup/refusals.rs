use crate::program::Program;

/// Arguments that ask for what there is not, and what the one line must say.
const REFUSED: [(&str, &str); 23] = [
    (
        "--strategies luck",
        "allowed are replay, copy, snapshot, snapshot-many, resume, restart",
    ),
    ("--keys 0", "0 is not in 1..=100000000"),
    ("--keys 5,5", "given twice"),
    ("--keys many", "invalid value 'many'"),
    ("--behind 0", "0 is not in 1..=1000000000"),
    ("--behind 7,7", "given twice"),
    ("--changes none", "possible values: zipf, uniform"),
    ("--skew -1", "expected a number from 0 to 10"),
    ("--value -1", "-1 is not in 0..=1048576"),
    ("--value 9999999", "9999999 is not in 0..=1048576"),
    ("--writes -1", "expected a number from 0 to 1000000000"),
    ("--writes NaN", "expected a number from 0 to 1000000000"),
    ("--network pigeon", "possible values: model, tcp"),
    ("--providers 0", "0 is not in 1..=64"),
    ("--providers 65", "65 is not in 1..=64"),
    ("--bandwidth 0", "expected a number above 0"),
    ("--bandwidth 1,inf", "expected a number above 0"),
    ("--latency 5", "expected a time such as 250us, 1.5ms or 60s"),
    ("--loss 1", "expected a number from 0 to below 1"),
    ("--loss -0.1", "expected a number from 0 to below 1"),
    ("--interrupt 1.5", "expected a number from 0 to 1"),
    ("--repeat 0", "0 is not in 1..=1000"),
    ("--clients 5", "unexpected argument '--clients'"),
];

#[test]
fn bad_input_ends_with_one_line_that_helps() {
    let program = Program::new("catchup");
    for (arguments, said) in REFUSED {
        program.refuses(arguments, said);
    }
}

#[test]
fn more_points_than_a_report_holds_are_refused() {
    let keys: Vec<String> = (1..=129_u32).map(|count| count.to_string()).collect();
    let arguments = format!("--behind 1,2 --keys {}", keys.join(","));
    Program::new("catchup").refuses(&arguments, "at most 256 numbers of keys and of changes");
}

#[test]
fn places_that_cannot_be_written_to_are_found_before_anything_runs() {
    let program = Program::new("catchup");
    program.file("file", "");
    program.refuses("--out file/inside", "file/inside");
}

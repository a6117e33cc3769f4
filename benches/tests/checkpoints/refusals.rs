use crate::program::Program;

/// Arguments that ask for what there is not, and what the one line must say.
const REFUSED: [(&str, &str); 16] = [
    (
        "--strategies luck",
        "allowed are forebay, forebay-blocking, forebay-interval, forebay-os, json, sqlite",
    ),
    ("--writers 0", "0 is not in 1..=4096"),
    ("--writers 5,5", "given twice"),
    ("--keys 0", "0 is not in 1..=10000000"),
    ("--keys 7,7", "given twice"),
    ("--keys many", "invalid value 'many'"),
    ("--processes 65", "65 is not in 0..=64"),
    ("--processes 2,2", "given twice"),
    ("--time 0s", "expected a time above zero"),
    ("--time 5", "expected a time such as 250us, 1.5ms or 60s"),
    ("--updates -1", "-1 is not in 0..=100000000"),
    ("--updates-time 0ms", "expected a time above zero"),
    ("--yardstick 0ms", "expected a time above zero"),
    ("--repeat 0", "0 is not in 1..=1000"),
    (
        "--folder not-there",
        "stores cannot be measured in not-there",
    ),
    ("--subscribers 5", "unexpected argument '--subscribers'"),
];

#[test]
fn bad_input_ends_with_one_line_that_helps() {
    let program = Program::new("checkpoints");
    for (arguments, said) in REFUSED {
        program.refuses(arguments, said);
    }
}

#[test]
fn more_points_than_a_report_holds_are_refused() {
    let writers: Vec<String> = (1..=129_u32).map(|count| count.to_string()).collect();
    let arguments = format!("--keys 1,2 --writers {}", writers.join(","));
    Program::new("checkpoints").refuses(&arguments, "at most 256 numbers of writers");
}

#[test]
fn places_that_cannot_be_written_to_are_found_before_anything_runs() {
    let program = Program::new("checkpoints");
    program.file("file", "");
    program.refuses("--out file/inside", "file/inside");
}

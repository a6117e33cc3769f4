use crate::program::Program;

/// Arguments that ask for what there is not, and what the one line must say.
const REFUSED: [(&str, &str); 18] = [
    (
        "--strategies luck",
        "allowed are forebay, forebay-slices, forebay-bounded, broadcast, mpsc, watch, async-",
    ),
    ("--subscribers 0", "0 is not in 1..=1000000"),
    ("--subscribers 5,5", "given twice"),
    ("--subscribers many", "invalid value 'many'"),
    ("--slow 1.5", "expected a number from 0 to 1"),
    ("--slow NaN", "expected a number from 0 to 1"),
    ("--pause 0s", "expected a time above zero"),
    ("--pause 5", "expected a time such as 250us, 1.5ms or 60s"),
    ("--rate 0", "expected max, or a number above 0"),
    ("--rate inf", "expected max, or a number above 0"),
    ("--rate max,max", "given twice"),
    ("--rate 1000000000", "give --events"),
    ("--events 0", "0 is not in 1..=100000000"),
    ("--payload -1", "-1 is not in 0..=16777216"),
    ("--payload 99999999", "99999999 is not in 0..=16777216"),
    ("--capacity 0", "0 is not in 1..=16777216"),
    ("--repeat 0", "0 is not in 1..=1000"),
    ("--clients 5", "unexpected argument '--clients'"),
];

#[test]
fn bad_input_ends_with_one_line_that_helps() {
    let program = Program::new("events");
    for (arguments, said) in REFUSED {
        program.refuses(arguments, said);
    }
}

#[test]
fn more_points_than_a_report_holds_are_refused() {
    let subscribers: Vec<String> = (1..=129_u32).map(|count| count.to_string()).collect();
    let arguments = format!("--rate max,1 --subscribers {}", subscribers.join(","));
    Program::new("events").refuses(&arguments, "at most 256 numbers of subscribers and rates");
}

#[test]
fn places_that_cannot_be_written_to_are_found_before_anything_runs() {
    let program = Program::new("events");
    program.file("file", "");
    program.refuses("--out file/inside", "file/inside");
}

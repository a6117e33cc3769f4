use std::fs::{self, File, OpenOptions};
use std::process::{Command, Stdio};

use crate::{KEY, Place};

const POSITION: &str = "000000000000001f-1";

#[test]
fn a_command_line_that_is_wrong_says_what_about_it() {
    let place = Place::filled();
    for (arguments, why) in [
        (&[][..], "a command is missing"),
        (&["destroy"], "unrecognized subcommand 'destroy'"),
        (&["list"], "<FILE>"),
        (&["list", "offsets", "--what"], "'--what'"),
        (&["set", "offsets", "orders"], "<POSITION>"),
        (
            &["set", "offsets", "orders", "1f-42"],
            "a position is LOG-SEQUENCE",
        ),
        (
            &["set", "offsets", "orders", "+43"],
            "a position is LOG-SEQUENCE",
        ),
        (
            &["set", "offsets", "orders", "18446744073709551616"],
            "a position is",
        ),
        (
            &["set", "offsets", "orders", "000000000000001F-43"],
            "a position is",
        ),
        (
            &["import", "offsets", "--reset", "--log", "000000000000001f"],
            "<FROM>",
        ),
        (
            &["import", "offsets", "-", "--log", "1f"],
            "a log is 16 hexadecimal digits",
        ),
        (
            &["list", "offsets", "--lock-timeout", "soon"],
            "not a number of seconds",
        ),
        (
            &["set", "offsets", "orders", "43", "--lock-timeout=-1"],
            "not a number of seconds",
        ),
        (&["label", "offsets", "orders", ""], "a label is not empty"),
        (
            &["label", "offsets", "orders", "text", "--remove"],
            "cannot be used with",
        ),
    ] {
        let error = place.fails(2, arguments);
        assert!(error.contains(why), "{arguments:?}: {error}");
    }
    assert_eq!(place.json(&["list", "offsets"])["keys"][1]["sequence"], 42);
}

#[test]
fn texts_that_are_too_long_are_refused_before_anything_is_written() {
    let place = Place::filled();
    let before = place.contents();
    let long = "x".repeat(65_536);
    let error = place.fails(2, &["set", "offsets", "orders", "43", "--event-id", &long]);
    assert_eq!(error, "the event id has 65536 bytes, more than 65535");
    let error = place.fails(2, &["label", "offsets", "orders", &long[..256]]);
    assert_eq!(error, "the label has 256 bytes, more than 255");
    assert_eq!(place.contents(), before);
}

#[test]
fn help_is_short_and_has_an_example_for_each_command() {
    let place = Place::new();
    let help = place.says(&["--help"]);
    assert!(help.contains("Exit status:"), "{help}");
    for command in [
        "list", "get", "set", "reset", "remove", "label", "verify", "salvage", "export", "import",
        "watch",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        let help = place.says(&[command, "--help"]);
        let example = format!("\nExample: forebay-checkpoint {command} /");
        assert!(help.contains(&example), "{help}");
        assert!(help.lines().count() < 40, "{help}");
    }
    let version = place.says(&["--version"]);
    assert!(version.starts_with("forebay-checkpoint "), "{version}");
}

#[test]
fn what_is_no_store_is_named_for_what_it_is() {
    let place = Place::new();
    fs::create_dir(place.path("folder")).unwrap();
    fs::write(place.path("foreign"), "hello world").unwrap();
    fs::write(place.path("zeros"), [0; 200]).unwrap();
    fs::write(place.path("older"), "{\"version\": 1}").unwrap();
    let pipe = Command::new("mkfifo").arg(place.path("pipe")).status();
    assert!(pipe.unwrap().success());
    let key = KEY.to_string();
    for (file, why) in [
        ("folder", "is no file"),
        ("pipe", "is no file"),
        ("foreign", "is no checkpoint file; check the path"),
        ("zeros", "is no checkpoint file; check the path"),
        (
            "older",
            "is the JSON file of an older client; import takes it over",
        ),
    ] {
        for arguments in [
            &["list", file][..],
            &["verify", file],
            &["salvage", file, "--yes"],
            &["watch", file],
            &["export", file],
            &["set", file, &key, POSITION],
            &["remove", file, &key],
        ] {
            let error = place.fails(4, arguments);
            assert!(error.contains(why), "{arguments:?}: {error}");
        }
    }
    assert_eq!(fs::read(place.path("foreign")).unwrap(), b"hello world");
}

/// A header of a format to come, whose checksum is right.
#[test]
fn a_file_of_a_newer_release_is_left_to_it() {
    let place = Place::filled();
    let mut bytes = fs::read(place.path("offsets")).unwrap();
    bytes[10] = 2;
    let crc = crc32c(&bytes[..60]);
    bytes[60..64].copy_from_slice(&crc.to_le_bytes());
    fs::write(place.path("offsets"), &bytes).unwrap();
    for arguments in [&["list", "offsets"][..], &["set", "offsets", "abab", "43"]] {
        let error = place.fails(4, arguments);
        assert!(
            error.ends_with("needs a reader of format 2; use a newer release"),
            "{error}"
        );
    }
    assert_eq!(fs::read(place.path("offsets")).unwrap(), bytes);
}

fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0x82f6_3b78 & 0_u32.wrapping_sub(crc & 1));
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc));
    !bytes.iter().fold(!0, byte)
}

#[test]
fn a_file_that_is_not_there_is_an_error_and_stays_away() {
    let place = Place::new();
    for arguments in [
        &["list", "offsets"][..],
        &["get", "offsets", "abab"],
        &["set", "offsets", "abab", POSITION],
        &["reset", "offsets", "abab", POSITION],
        &["remove", "offsets", "abab"],
        &["label", "offsets", "abab"],
        &["label", "offsets", "abab", "text"],
        &["verify", "offsets"],
        &["salvage", "offsets", "--yes"],
        &["export", "offsets"],
        &["watch", "offsets"],
        &["list", "nowhere/offsets"],
        &["set", "nowhere/offsets", "abab", POSITION, "--create"],
    ] {
        let error = place.fails(5, arguments);
        assert!(error.contains("check the path"), "{arguments:?}: {error}");
    }
    assert_eq!(place.names(), Vec::<String>::new());
}

#[test]
fn a_change_waits_for_the_lock_for_a_while_only() {
    let place = Place::filled();
    let file = File::open(place.path("offsets")).unwrap();
    file.lock().unwrap();
    for arguments in [
        &["set", "offsets", "orders", "43"][..],
        &["reset", "offsets", "orders", "1"],
        &["remove", "offsets", "orders"],
        &["label", "offsets", "orders", "text"],
    ] {
        let error = place.fails(5, &[arguments, &["--lock-timeout", "0.01"]].concat());
        assert!(error.contains("another process keeps the lock"), "{error}");
        assert!(error.ends_with("see --lock-timeout"), "{error}");
    }
    file.unlock().unwrap();
    // Where nobody has it, there is nothing to wait for.
    let set = ["set", "offsets", "orders", "43", "--lock-timeout", "0"];
    assert!(place.says(&set).contains("-42 -> "));
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let place = Place::filled();
    let mut child = place
        .command(&["list", "offsets"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(
        (ended.status.code(), ended.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let place = Place::filled();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = place
        .command(&["list", "offsets"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("error: cannot write the output: "),
        "{said}"
    );
}

#[test]
fn an_error_is_one_line_whatever_is_in_it() {
    let place = Place::new();
    let error = place.fails(5, &["list", "two\nlines\u{1b}[2J\u{202e}"]);
    assert!(error.contains(r"two\nlines\u{1b}[2J\u{202e}"), "{error}");
}

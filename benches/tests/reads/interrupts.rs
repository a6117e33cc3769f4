use std::fs;

use crate::program::Program;
use crate::running;

#[test]
fn ctrl_c_ends_with_what_was_measured_and_nothing_half_written() {
    let program = Program::new("reads");
    let place = program.folder().join("database");
    fs::create_dir(&place).unwrap();
    let is_used = || fs::read_dir(&place).unwrap().next().is_some();
    let child = running::start(&program, "--database database --loads 50000 --clients 2", 2);
    while !is_used() {
        std::thread::yield_now();
    }
    running::end(&program, child);
    assert!(!is_used());
}

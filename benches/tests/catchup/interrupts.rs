use crate::program::Program;
use crate::running;

#[test]
fn ctrl_c_ends_with_what_was_measured_and_nothing_half_written() {
    let program = Program::new("catchup");
    let child = running::start(&program, "--keys 20000 --behind 20000", 2);
    running::end(&program, child);
}

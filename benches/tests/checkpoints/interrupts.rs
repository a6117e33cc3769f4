use crate::program::Program;
use crate::running;

#[test]
fn ctrl_c_ends_with_what_was_measured_and_nothing_half_written() {
    let program = Program::new("checkpoints");
    let arguments = "--writers 2 --keys 2 --processes 0 --updates 0 --time 1s --yardstick 1s \
                     --no-trace";
    let child = running::start(&program, arguments, 2);
    running::end(&program, child);
}

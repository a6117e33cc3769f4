use crate::program::Program;
use crate::running;

#[test]
fn ctrl_c_ends_with_what_was_measured_and_nothing_half_written() {
    let program = Program::new("events");
    let arguments = "--subscribers 2 --rate max --events 100000 --pause 1us";
    // The program listens for signals before it starts the threads that subscribers run on.
    let child = running::start(&program, arguments, 3);
    running::end(&program, child);
}

//! How the show looks after its processes.

use forebay_example_follow::process::{PATIENCE, Process};
use tokio::process::Command;
use tokio::{select, time};

/// The show goes on until it is interrupted, and its service has long said all that it has to say.
/// The clock goes on whenever everybody waits, so this takes no time.
#[tokio::test(start_paused = true)]
async fn a_process_may_run_for_longer_than_anybody_waits_for_its_words() {
    let reading = &mut Command::new("sh");
    let mut process = Process::spawn("sh", reading.args(["-c", "read line"])).unwrap();
    select! {
        ended = process.ended() => panic!("it runs on: {ended:?}"),
        () = time::sleep(PATIENCE * 10) => {}
    }
    process.kill().await.unwrap();
    process.ended().await.unwrap();
}

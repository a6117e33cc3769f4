//! A kill at the one point where the most is repeated.

use forebay_example_follow::applied;

use crate::journal::{self, Killed};
use crate::source::Source;
use crate::stage::{Stage, wait_until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_never_commits_repeats_everything_and_nothing_else() {
    let mut stage = Stage::new();
    // Longer than anybody waits.
    stage.commits = [
        "--commit-every=1000000".into(),
        "--commit-interval=1000000000".into(),
    ];
    let _service = stage.start_service().await;
    let mut worker = stage.start_worker();
    stage.committed_up_to(0).await;
    let mut source = Source::new(stage.service, 1);
    source.write(100).await;
    let expected = source.acknowledged.len();
    let has_lines = async |lines| {
        wait_until("the worker applies", async || {
            applied::read(&stage.path("applied.jsonl")).unwrap().len() >= lines
        })
        .await;
    };
    has_lines(expected).await;
    worker.kill().await.unwrap();
    let killed = Killed::of(&stage);
    assert_eq!((killed.lines, killed.committed), (expected, 0));

    let _worker = stage.start_worker();
    has_lines(2 * expected).await;
    assert_eq!(
        journal::check(&stage, &[killed], &source.acknowledged),
        expected
    );
}

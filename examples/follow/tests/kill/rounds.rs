//! Many rounds, and everything is killed at some time.

use std::env;
use std::thread;

use forebay_example_follow::process::Process;
use serde_json::Value;

use crate::journal::{self, Killed};
use crate::source::Source;
use crate::stage::{Stage, read};

/// Changes in a round.
const CHANGES: u64 = 1_000;

/// In every so many rounds, the service is killed as well.
const SERVICE_EVERY: u64 = 5;

/// A replica that catches up says so in some steps; it is killed at one of these.
const STEPS: u64 = 8;

/// How many rounds there are, and where the first one takes its numbers from.
fn asked(name: &str, otherwise: u64) -> u64 {
    let asked = env::var(format!("FOREBAY_FOLLOW_{name}"));
    asked.map_or(otherwise, |asked| asked.parse().unwrap())
}

/// Says, where a round fails, how to have it once more.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("again with FOREBAY_FOLLOW_SEED={}", self.0);
        }
    }
}

/// Who is killed after how many changes of a round.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Victim {
    Worker,
    Replica,
    Service,
}

struct Running {
    stage: Stage,
    source: Source,
    service: Process,
    worker: Process,
    /// The one that is killed; the other one lives through everything.
    replica: Process,
    killed: Vec<Killed>,
    kills: [u64; 3],
}

impl Running {
    async fn start(seed: u64) -> (Self, Process) {
        let stage = Stage::new();
        let service = stage.start_service().await;
        let worker = stage.start_worker();
        let other = stage.start_replica(0);
        let replica = stage.start_replica(1);
        // Whoever is killed before it has committed anything begins anew, which is no matter here.
        stage.committed_up_to(0).await;
        let running = Self {
            source: Source::new(stage.service, seed),
            stage,
            service,
            worker,
            replica,
            killed: Vec::new(),
            kills: [0; 3],
        };
        (running, other)
    }

    async fn round(&mut self, number: u64) {
        let mut victims = vec![Victim::Worker, Victim::Replica];
        if number.is_multiple_of(SERVICE_EVERY) {
            victims.push(Victim::Service);
        }
        let numbers = &mut self.source.numbers;
        let fates = victims
            .into_iter()
            .map(|victim| (1 + numbers.below(CHANGES), victim));
        let mut fates: Vec<_> = fates.collect();
        fates.sort();
        let mut written = 0;
        for (after, victim) in fates {
            self.source.write(after - written).await;
            written = after;
            self.kill(victim).await;
        }
        self.source.write(CHANGES - written).await;
        self.compare().await;
    }

    async fn kill(&mut self, victim: Victim) {
        self.kills[victim as usize] += 1;
        match victim {
            Victim::Worker => {
                self.worker.kill().await.unwrap();
                self.killed.push(Killed::of(&self.stage));
                self.worker = self.stage.start_worker();
            }
            Victim::Replica => {
                self.replica.kill().await.unwrap();
                self.replica = self.stage.start_replica(1);
                // Now and then once more, somewhere on its way.
                if self.source.numbers.below(2) == 0 {
                    for _ in 0..=self.source.numbers.below(STEPS) {
                        let line = self.replica.line().await.unwrap();
                        if line.starts_with("following") {
                            break;
                        }
                    }
                    self.kills[victim as usize] += 1;
                    self.replica.kill().await.unwrap();
                    self.replica = self.stage.start_replica(1);
                }
            }
            Victim::Service => {
                self.service.kill().await.unwrap();
                self.service = self.stage.start_service().await;
            }
        }
    }

    /// Everybody has what was acknowledged.
    async fn compare(&mut self) {
        let stage = &self.stage;
        stage.committed_up_to(self.source.last()).await;
        let expected = self.source.state();
        for address in [stage.service, stage.reads[0], stage.reads[1]] {
            stage.replicated(address).await;
            let state = read(address, "/config").await.unwrap();
            let state: Value = serde_json::from_str(&state).unwrap();
            assert_eq!(state["topics"], expected, "{address}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_killed_loses_nothing_and_skips_nothing_and_repeats_what_it_had_not_committed() {
    let seed = Seed(asked("SEED", u64::from(std::process::id())));
    let rounds = asked("ROUNDS", 20);
    let (mut running, _other) = Running::start(seed.0).await;
    for number in 1..=rounds {
        running.round(number).await;
    }
    let acknowledged = &running.source.acknowledged;
    let again = journal::check(&running.stage, &running.killed, acknowledged);
    let [workers, replicas, services] = running.kills;
    println!(
        "seed {}: {} changes in {rounds} rounds; killed {workers} workers, {replicas} replicas and \
         {services} services; {again} changes were applied twice",
        seed.0,
        acknowledged.len(),
    );
}

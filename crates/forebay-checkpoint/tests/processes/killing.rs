use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::thread;

use forebay_checkpoint::FileStore;

use crate::notice::{can_trace, figures};
use crate::other::Other;
use crate::progress::reached;
use crate::{OTHER_KEY, names, nowhere};

const PROCESSES: u8 = 4;

/// How many rounds there are, and where the first one takes its numbers from.
fn asked(name: &str) -> Option<u64> {
    let asked = std::env::var(format!("FOREBAY_CHECKPOINT_{name}"));
    asked.ok().map(|asked| asked.parse().unwrap())
}

/// Numbers that look random and are the same for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % most
    }
}

/// The calls of a commit, and those of a new file, of which there are fewer.
const CALLS: [(&str, u64); 10] = [
    ("pwrite64", 40),
    ("fdatasync", 40),
    ("flock", 60),
    ("pread64", 40),
    ("fsync", 3),
    ("rename", 3),
    ("ftruncate", 2),
    ("fchmod", 3),
    ("unlink", 3),
    ("close", 60),
];

/// Starts a process that kills itself when it has made some steps, or dies at a system call.
fn start(path: &Path, number: u8, numbers: &mut Numbers, traced: bool) -> (Other, String) {
    let script = format!("rise {number} {}", 1 + numbers.below(40));
    let (call, most) = CALLS[numbers.below(CALLS.len() as u64) as usize];
    let count = 1 + numbers.below(most);
    if !traced || numbers.below(4) == 0 {
        return (Other::start(path, &script), script);
    }
    let inject = format!("inject={call}:signal=KILL:when={count}");
    let trace = format!("trace={call}");
    let mut strace = Command::new("strace");
    strace.args(["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null"]);
    strace.args(["-e", &trace, "-e", &inject]);
    (
        Other::start_under(strace, path, &script),
        format!("{script}, {inject}"),
    )
}

/// Says, where a round fails, how to have it once more.
struct Round {
    seed: u64,
    fates: Vec<String>,
}

impl Drop for Round {
    fn drop(&mut self) {
        if thread::panicking() {
            let Self { seed, fates } = self;
            figures(&format!("FOREBAY_CHECKPOINT_SEED={seed}: {fates:?}"));
        }
    }
}

/// Four processes write until each of them has died at a place that was counted out; their files are
/// replaced meanwhile. Every other round this process looks on with a store of its own.
#[test]
fn killed_processes_lose_nothing_they_were_told_and_leave_nothing_behind() {
    let (rounds, first) = (asked("KILLS").unwrap_or(20), asked("SEED").unwrap_or(0));
    let traced = can_trace();
    let (folder, path) = nowhere();
    let (mut told, mut left) = ([0; PROCESSES as usize], [0; PROCESSES as usize]);
    let mut count = HashMap::new();
    for seed in first..first + rounds {
        let mut numbers = Numbers(seed);
        let patient = FileStore::options().lock_timeout(None);
        let looks_on = (seed % 2 == 0).then(|| patient.open(&path).unwrap());
        let (mut others, fates): (Vec<_>, Vec<_>) = (0..PROCESSES)
            .map(|number| start(&path, number, &mut numbers, traced))
            .unzip();
        let _round = Round { seed, fates };
        for (number, other) in others.iter_mut().enumerate() {
            for (said, step) in other.rest().iter().zip(left[number] + 1..) {
                assert_eq!(*said, step.to_string());
                told[number] = step;
                *count.entry("steps").or_insert(0) += 1;
            }
            assert!(other.was_killed());
            if let Some(store) = &looks_on {
                let load = |key: &_| store.load_fresh_blocking(key).unwrap();
                reached(number as u8, told[number], left[number], load);
            }
        }
        drop(looks_on);
        let report = FileStore::verify(&path).unwrap();
        assert_eq!(report.damage, None);
        let store = FileStore::open(&path).unwrap();
        *count.entry("torn tails").or_insert(0) += store.stats().torn_tails;
        for number in 0..PROCESSES {
            let (told, left) = (told[usize::from(number)], &mut left[usize::from(number)]);
            let step = reached(number, told, *left, |key| store.load_now(key));
            *count.entry("steps nobody was told of").or_insert(0) += step - told.max(*left);
            *left = step;
        }
        let most = store
            .load_now(&OTHER_KEY)
            .map_or(0, |most| most.sequence().get());
        assert_eq!(Some(&most), left.iter().max());
        store.close_blocking().unwrap();
        let names = names(&folder);
        let expected = ["offsets", "offsets.compact"];
        assert!(
            names.iter().all(|name| expected.contains(&&**name)),
            "{names:?}"
        );
        *count.entry("leftovers").or_insert(0) += names.len() as u64 - 1;
    }
    let generation = FileStore::verify(&path).unwrap().generation;
    figures(&format!(
        "{rounds} rounds from seed {first}: {count:?}, {generation} files"
    ));
}

//! What a store is for, step by step. What comes before [`Stage::prepared`] does not fail.

use std::path::Path;

use forebay_core::LogId;

use crate::file::decide::What;
use crate::file::job::Job;
use crate::file::model::processes::PATH;
use crate::file::model::stage::{Stage, at, commit, long_commit, wish};
use crate::file::sim::Fault;

pub(crate) type Script = fn(&mut Stage);

pub(crate) const SCRIPTS: [(&str, Script); 22] = [
    ("first commit", first_commit),
    ("commit", |stage| {
        acts(stage, |stage| stage.work(0, vec![commit(0, 5)]))
    }),
    ("commit of a new process", |stage| {
        acts(stage, |stage| stage.work(1, vec![commit(0, 5)]));
    }),
    ("commit many", |stage| acts(stage, commit_many)),
    ("remove", |stage| {
        acts(stage, |stage| stage.work(0, vec![wish(0, What::Remove)]))
    }),
    ("reset", |stage| {
        acts(stage, |stage| {
            stage.work(0, vec![wish(0, What::Reset(at(1)))])
        });
    }),
    ("claim", |stage| acts(stage, claim)),
    ("label", |stage| acts(stage, label)),
    ("refusals", |stage| acts(stage, refusals)),
    ("others", |stage| acts(stage, others)),
    ("replacement", replacement),
    ("replacement of a torn file", replacement_of_torn),
    ("torn tail", torn_tail),
    ("foreign block that was not synced", unsynced),
    ("name that was not synced", unsynced_name),
    ("healing", healing),
    ("mount point", mount_point),
    ("healing at a mount point", healing_in_place),
    ("weak commits", |stage| acts(stage, weak)),
    ("close", |stage| acts(stage, close)),
    ("salvage", salvage),
    ("import", import),
];

fn acts(stage: &mut Stage, act: fn(&mut Stage)) {
    stage.work(0, vec![commit(0, 3), commit(1, 3)]);
    stage.prepared();
    act(stage);
}

fn first_commit(stage: &mut Stage) {
    stage.prepared();
    stage.work(0, vec![commit(0, 3), commit(0, 4)]);
}

fn commit_many(stage: &mut Stage) {
    let wishes = vec![commit(0, 5), long_commit(1, 6), long_commit(2, 7)];
    stage.turn(0, vec![Job::new(wishes, true)], true);
    stage.work(0, vec![commit(0, 8)]);
}

fn claim(stage: &mut Stage) {
    stage.work(0, vec![wish(0, What::Claim)]);
    let mut mine = commit(0, 6);
    mine.claim = stage.claim(0);
    let mut back = wish(0, What::Reset(at(2)));
    back.claim = mine.claim;
    stage.work(0, vec![mine.clone(), back, mine]);
}

fn label(stage: &mut Stage) {
    let some = wish(0, What::Label(Some("label".into())));
    stage.work(0, vec![some.clone(), wish(0, What::Label(None)), some]);
    stage.work(0, vec![wish(0, What::Remove)]);
}

/// One step with what changes something, what changes nothing and what is refused.
fn refusals(stage: &mut Stage) {
    let mut fenced = commit(0, 9);
    fenced.claim = Some(77);
    let jobs = [
        vec![commit(0, 1)],
        vec![commit(2, 5), fenced],
        vec![commit(1, 5)],
        vec![commit(1, 4)],
    ];
    let jobs = jobs.map(|wishes| Job::new(wishes, true));
    stage.turn(0, jobs.into(), true);
}

fn others(stage: &mut Stage) {
    for sequence in 4..7 {
        stage.work(1, vec![commit(0, sequence)]);
        stage.work(0, vec![commit(1, sequence)]);
    }
}

/// The file is replaced, and another process, which knows the old one, finds the new one.
fn replacement(stage: &mut Stage) {
    stage.work(0, vec![commit(0, 1), wish(1, What::Claim)]);
    stage.work(1, vec![commit(0, 2), wish(2, What::Claim)]);
    stage.work(1, vec![wish(2, What::Remove)]);
    stage.prepared();
    stage.work(0, vec![long_commit(0, 3), commit(0, 4)]);
    stage.work(1, vec![commit(0, 5), wish(2, What::Claim)]);
}

/// A process died in the middle of a write, and the next one replaces the file at once.
fn replacement_of_torn(stage: &mut Stage) {
    stage.set(|settings| settings.compact_from = 1 << 20);
    stage.work(0, vec![commit(0, 1), long_commit(0, 2), long_commit(0, 3)]);
    stage.kill(0, 3, long_commit(0, 4));
    stage.set(|settings| settings.compact_from = 400);
    stage.prepared();
    stage.turn(0, Vec::new(), true);
    stage.work(0, vec![commit(0, 5)]);
}

fn torn_tail(stage: &mut Stage) {
    stage.work(0, vec![commit(0, 1)]);
    stage.kill(0, 3, long_commit(0, 2));
    stage.prepared();
    stage.work(0, vec![long_commit(0, 3)]);
    stage.work(1, vec![commit(0, 4)]);
}

/// A process died between a write and its sync.
fn unsynced(stage: &mut Stage) {
    stage.work(0, vec![commit(0, 1)]);
    stage.kill(0, 4, long_commit(0, 2));
    stage.prepared();
    stage.turn(0, Vec::new(), true);
    stage.work(1, vec![commit(0, 3)]);
}

/// A process died between a rename and the sync of the directory.
fn unsynced_name(stage: &mut Stage) {
    stage.kill(0, 15, commit(0, 1));
    stage.prepared();
    stage.work(0, vec![commit(0, 2), commit(1, 1)]);
}

/// The first sync fails anyhow.
fn healing(stage: &mut Stage) {
    stage.work(0, vec![commit(0, 1)]);
    let sync = stage.world.calls() + 4;
    stage
        .world
        .fail(sync, Fault::Error(std::io::ErrorKind::Other));
    stage.prepared();
    stage.work(0, vec![commit(0, 2), commit(0, 3)]);
    stage.work(1, vec![commit(0, 4)]);
}

fn mount_point(stage: &mut Stage) {
    stage.mount();
    stage.prepared();
    stage.work(0, (1..5).map(|sequence| long_commit(0, sequence)).collect());
}

/// What a process wrote that died before its sync cannot be synced by the next one, and no other file
/// can be made.
fn healing_in_place(stage: &mut Stage) {
    stage.mount();
    stage.work(0, vec![commit(0, 1)]);
    stage.kill(0, 4, long_commit(0, 2));
    let sync = stage.world.calls() + 8;
    stage
        .world
        .fail(sync, Fault::Error(std::io::ErrorKind::Other));
    stage.prepared();
    stage.turn(0, Vec::new(), true);
    stage.work(0, vec![commit(0, 3)]);
}

/// Answers that wait for no sync, and one that does.
fn weak(stage: &mut Stage) {
    let job = |wish, durable| vec![Job::new(vec![wish], durable)];
    stage.turn(0, job(commit(0, 4), false), false);
    stage.turn(1, job(commit(1, 4), false), false);
    stage.turn(0, job(commit(0, 5), false), false);
    let both = [job(commit(0, 6), false), job(commit(1, 6), true)];
    stage.turn(1, both.into_iter().flatten().collect(), false);
    stage.turn(0, job(commit(0, 7), false), false);
    stage.turn(0, Vec::new(), true);
}

fn close(stage: &mut Stage) {
    let job = Job::new(vec![commit(0, 4)], false);
    stage.turn(0, vec![job], false);
    stage.close(0);
}

/// The file is damaged where something stood that was committed anew behind it.
fn salvage(stage: &mut Stage) {
    stage.set(|settings| settings.compact_from = 1 << 20);
    stage.work(0, (1..6).map(|sequence| commit(0, sequence)).collect());
    let files = stage.world.files();
    let mut bytes = files.read(Path::new(PATH)).unwrap().to_vec();
    // In the second block behind the first, which is as long as the others.
    let second = 64 + 24 + 64 + 56 + 30;
    bytes[second] ^= 1;
    stage.put(&[(Path::new(PATH), &bytes)], &[(0, 5)]);
    stage.set(|settings| settings.salvage = true);
    stage.prepared();
    stage.work(0, vec![commit(0, 4), commit(0, 6)]);
    stage.work(1, vec![commit(0, 7)]);
}

fn import(stage: &mut Stage) {
    let digits = |number: u8| format!("{number:02x}").repeat(32);
    let one = |number: u8, sequence: u64| {
        let key = digits(number);
        format!("\"{key}\": {{\"last_committed_sequence\": {sequence}, \"last_event_id\": null}}")
    };
    let keys = [one(0, 3), one(1, 4)].join(", ");
    let text =
        format!("{{\"version\": 1, \"key_format_version\": 1, \"checkpoints\": {{{keys}}}}}");
    stage.put(&[(Path::new(PATH), text.as_bytes())], &[(0, 3), (1, 4)]);
    stage.set(|settings| settings.import = Some(LogId::new(0)));
    stage.prepared();
    stage.work(0, vec![commit(0, 2), commit(0, 5)]);
    stage.work(1, vec![commit(1, 5)]);
}

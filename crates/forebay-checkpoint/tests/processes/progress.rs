//! What a process that rises has stored after so many steps, for it and for those who look.

use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};

/// Steps of which one removes its key and the next one resets it.
const ROUND: u64 = 10;

/// Two keys of one process, which are only ever committed together.
pub(crate) fn pair(number: u8) -> [ResumeKey; 2] {
    [0, 1].map(|which| ResumeKey::from_bytes([0x10 + number * 4 + which; 32]))
}

/// The key of one process that is committed, removed and reset in turn.
pub(crate) fn turning(number: u8) -> ResumeKey {
    ResumeKey::from_bytes([0x12 + number * 4; 32])
}

/// What both keys of a pair have after `step`, and nobody else would write.
pub(crate) fn mark(number: u8, step: u64) -> Checkpoint {
    let cursor = Cursor::new(LogId::new(number.into()), Sequence::new(step));
    Checkpoint::new(cursor).with_event_id(format!("{number}-{step}"))
}

/// What a turning key does in one step.
pub(crate) enum Turn {
    Commit(Checkpoint),
    Reset(Checkpoint),
    Remove,
}

pub(crate) fn turn(step: u64) -> Turn {
    let log = LogId::new(1 + step / ROUND);
    let checkpoint = Checkpoint::new(Cursor::new(log, Sequence::new(step % ROUND)));
    match step % ROUND {
        0 => Turn::Reset(checkpoint),
        9 => Turn::Remove,
        _ => Turn::Commit(checkpoint),
    }
}

/// What a turning key has after `step`.
pub(crate) fn turned(step: u64) -> Option<Checkpoint> {
    match turn(step) {
        _ if step == 0 => None,
        Turn::Commit(checkpoint) | Turn::Reset(checkpoint) => Some(checkpoint),
        Turn::Remove => None,
    }
}

/// Where a process is that was told of `told` steps, and had left `left` of them before it was
/// started, by what its three keys have; panics where that is not what it can have left.
pub(crate) fn reached(
    number: u8,
    told: u64,
    left: u64,
    load: impl Fn(&ResumeKey) -> Option<Checkpoint>,
) -> u64 {
    let [first, second] = pair(number).map(|key| load(&key));
    assert_eq!(first, second, "commits of both were torn apart");
    let step = first.as_ref().map_or(0, |found| found.sequence().get());
    let expected = (step > 0).then(|| mark(number, step));
    assert_eq!(first, expected, "nobody has committed that");
    let least = told.max(left);
    assert!(
        (least..=least + 1).contains(&step),
        "process {number} had left {left}, was told of {told} and left {step}"
    );
    let turning = load(&turning(number));
    // A step begins with the pair.
    let may_be = if step == told {
        vec![turned(step)]
    } else {
        vec![turned(step.saturating_sub(1)), turned(step)]
    };
    assert!(
        may_be.contains(&turning),
        "process {number} was told of {told}, made {step} and left {turning:?}"
    );
    step
}

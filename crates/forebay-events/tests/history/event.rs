//! What can happen, and how often.

use proptest::prelude::*;

/// One event. Numbers of logs, readers and positions count those that are there, round and round.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// One event, so many sequences after the head; none is refused.
    Append(usize, u64),
    Push(usize),
    /// So many events with one sequence.
    AppendAll(usize, u64, u64),
    /// An iterator that panics after so many events.
    Break(usize, u64),
    Advance(usize, u64),
    End(usize, Ending),
    NewLog,
    /// Ends a log at a position.
    Splice(usize, usize),
    Subscribe(usize),
    SubscribeOldest(usize),
    /// So many sequences behind the head.
    Resume(usize, u64),
    ResumeReader(usize),
    ResumeElsewhere(usize, usize),
    /// So many readers that wait at once that the pump is needed.
    Crowd(usize),
    Clone(usize),
    Stream(usize),
    Try(usize, usize),
    TrySlice(usize),
    Poll(usize),
    Next(usize),
    NextSlice(usize),
    Skip(usize),
    Closer(usize),
    ForceClose(usize),
    DropReader(usize),
    PositionOfReader(usize),
    PositionOfLog(usize),
    SubscribePosition(usize),
    DropPosition(usize),
    Step,
    Run,
    Pass(u64),
    ShutDown {
        drops: bool,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    Close,
    Fail,
    Drop,
}

/// The settings of all logs of a history. Times are whole milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) window: usize,
    /// How far behind readers may be, and for how long.
    pub(crate) limit: Option<(usize, u64)>,
    pub(crate) is_inline: bool,
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let window = prop_oneof![2 => Just(0), 1 => 1..80_usize];
    let grace = prop_oneof![1 => Just(0), 1 => 1..20_u64];
    let limit = prop::option::of((0..60_usize, grace));
    (window, limit, any::<bool>()).prop_map(|(window, limit, is_inline)| Rules {
        window,
        limit,
        // Time comes from a runtime.
        is_inline: is_inline && limit.is_none_or(|(_, grace)| grace == 0),
    })
}

pub(crate) fn events() -> impl Strategy<Value = Vec<Event>> {
    let number = 0..64_usize;
    let gap = prop_oneof![1 => Just(0_u64), 12 => Just(1), 4 => 2..5_u64];
    let size = prop_oneof![1 => Just(0_u64), 6 => 1..6_u64, 3 => 6..70_u64];
    let ending = prop_oneof![Just(Ending::Close), Just(Ending::Fail), Just(Ending::Drop)];
    let one = || number.clone();
    let publishing = prop_oneof![
        30 => (one(), gap.clone()).prop_map(|(log, gap)| Event::Append(log, gap)),
        5 => one().prop_map(Event::Push),
        25 => (one(), gap.clone(), size.clone()).prop_map(|(a, b, c)| Event::AppendAll(a, b, c)),
        3 => (one(), size).prop_map(|(log, size)| Event::Break(log, size)),
        5 => (one(), gap).prop_map(|(log, gap)| Event::Advance(log, gap)),
        1 => (one(), ending).prop_map(|(log, ending)| Event::End(log, ending)),
        2 => Just(Event::NewLog),
        3 => (one(), one()).prop_map(|(log, position)| Event::Splice(log, position)),
    ];
    let coming = prop_oneof![
        8 => one().prop_map(Event::Subscribe),
        4 => one().prop_map(Event::SubscribeOldest),
        6 => (one(), 0..80_u64).prop_map(|(log, back)| Event::Resume(log, back)),
        4 => one().prop_map(Event::ResumeReader),
        1 => (one(), one()).prop_map(|(log, reader)| Event::ResumeElsewhere(log, reader)),
        2 => one().prop_map(Event::Crowd),
        3 => one().prop_map(Event::Clone),
        3 => one().prop_map(Event::PositionOfReader),
        2 => one().prop_map(Event::PositionOfLog),
        3 => one().prop_map(Event::SubscribePosition),
    ];
    let reading = prop_oneof![
        10 => (one(), 1..30_usize).prop_map(|(reader, times)| Event::Try(reader, times)),
        8 => one().prop_map(Event::TrySlice),
        12 => one().prop_map(Event::Poll),
        4 => one().prop_map(Event::Next),
        4 => one().prop_map(Event::NextSlice),
        3 => one().prop_map(Event::Skip),
        1 => one().prop_map(Event::Stream),
    ];
    let leaving = prop_oneof![
        5 => one().prop_map(Event::Closer),
        3 => one().prop_map(Event::ForceClose),
        4 => one().prop_map(Event::DropReader),
        3 => one().prop_map(Event::DropPosition),
    ];
    let around = prop_oneof![
        12 => Just(Event::Step),
        6 => Just(Event::Run),
        6 => (1..12_u64).prop_map(Event::Pass),
        1 => any::<bool>().prop_map(|drops| Event::ShutDown { drops }),
    ];
    let event = prop_oneof![
        10 => publishing,
        6 => coming,
        12 => reading,
        3 => leaving,
        4 => around,
    ];
    prop::collection::vec(event, 1..150)
}

use crate::cli::EventsArguments;
use crate::events::fanout::Fanout;
use crate::harness::clock;
use crate::harness::contestant::names;
use crate::harness::machine;
use crate::harness::run::setting;
use crate::report::model::Setting;
use crate::report::quantity::Quantity;

/// Lists everything that was configured and could change a figure, defaults included.
pub(super) fn list(arguments: &EventsArguments, strategies: &[Fanout]) -> Vec<Setting> {
    let audience = &arguments.audience;
    vec![
        setting("strategies", names(strategies)),
        setting("repeat", arguments.contest.repeat),
        setting("capacity", arguments.capacity),
        setting("slow", audience.slow),
        setting("pause", format!("{:?}", audience.pause)),
        setting("payload", arguments.writing.payload),
        setting("threads", machine::cores()),
        // In the time of every call that publishes, so that a reader can tell it from the call.
        setting(
            "a look at the clock",
            Quantity::Nanoseconds.show(clock::cost_ns()),
        ),
    ]
}

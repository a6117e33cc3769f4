use crate::checkpoints::keeper::Keeper;
use crate::cli::CheckpointsArguments;
use crate::harness::contestant::names;
use crate::harness::machine;
use crate::harness::run::setting;
use crate::report::model::Setting;

/// Lists everything that was configured and could change a figure, defaults included.
pub(super) fn list(
    arguments: &CheckpointsArguments,
    strategies: &[Keeper],
    class: &str,
) -> Vec<Setting> {
    let place = &arguments.place;
    let mut settings = vec![
        setting("strategies", names(strategies)),
        setting("repeat", arguments.contest.repeat),
        setting("time", format!("{:?}", arguments.work.time)),
        setting(
            "updates-time",
            format!("{:?}", arguments.growth.updates_time),
        ),
        setting("yardstick", format!("{:?}", place.yardstick)),
        setting("threads", machine::cores()),
        setting("scheduling", class),
    ];
    let summaries = strategies.iter().map(|it| setting(it.name, it.summary));
    settings.extend(summaries);
    settings
}

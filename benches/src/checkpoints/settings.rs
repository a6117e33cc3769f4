use crate::checkpoints::keeper::Keeper;
use crate::cli::CheckpointsArguments;
use crate::harness::machine;
use crate::harness::run::setting;
use crate::report::model::Setting;

/// Lists everything that was configured and could change a figure, defaults included.
pub(super) fn list(
    arguments: &CheckpointsArguments,
    strategies: &[Keeper],
    class: &str,
) -> Vec<Setting> {
    let names: Vec<&str> = strategies.iter().map(|strategy| strategy.name).collect();
    let place = &arguments.place;
    let mut settings = vec![
        setting("strategies", names.join(",")),
        setting("repeat", arguments.repeat),
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

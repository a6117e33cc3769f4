use crate::catchup::way::CatchUp;
use crate::cli::{CatchupArguments, NetworkName};
use crate::harness::contestant;
use crate::harness::run::setting;
use crate::report::model::Setting;

/// Lists everything that was configured and could change a figure, defaults included.
pub(super) fn list(arguments: &CatchupArguments, strategies: &[CatchUp]) -> Vec<Setting> {
    let (changes, network) = (&arguments.changes, &arguments.network);
    let mut settings = vec![
        setting("strategies", contestant::names(strategies)),
        setting("repeat", arguments.contest.repeat),
        setting("seed", arguments.seed),
        setting("value", changes.value),
        setting("writes", changes.writes),
        setting("providers", network.providers),
        setting("interrupt", arguments.interrupt),
        setting("trust", "crash"),
    ];
    if network.network == NetworkName::Model {
        let rates: Vec<String> = network.bandwidth.iter().map(f64::to_string).collect();
        settings.extend([
            setting("bandwidth", rates.join(",")),
            setting("latency", format!("{:?}", network.latency)),
            setting("loss", network.loss),
        ]);
    }
    settings
}

use std::time::Duration;

use crate::cli::{ModelArguments, ReadsArguments};
use crate::harness::contestant::names;
use crate::harness::run::setting;
use crate::reads::backend::Source;
use crate::reads::scenario::Scenario;
use crate::report::model::Setting;

/// Lists everything that was configured and could change a figure, defaults included.
pub(super) fn list(
    arguments: &ReadsArguments,
    scenario: &Scenario,
    database: Option<&Source>,
) -> Vec<Setting> {
    let mut settings = vec![
        setting("strategies", names(&arguments.contest.chosen())),
        setting("repeat", arguments.contest.repeat),
        setting("seed", arguments.seed),
        setting("keys", scenario.keys()),
        setting("capacity", arguments.capacity),
    ];
    let connections = setting("connections", arguments.database.connections);
    match database {
        Some(Source::Sqlite(_)) => {
            settings.extend([connections, setting("sqlite version", rusqlite::version())]);
        }
        Some(Source::Postgres(server)) => {
            settings.extend([connections, setting("postgres version", server.version())]);
        }
        Some(Source::Model(_)) | None => settings.extend(model(&arguments.model)),
    }
    settings
}

fn model(model: &ModelArguments) -> [Setting; 8] {
    [
        setting("fixed", time(model.fixed)),
        setting("per-key", time(model.per_key)),
        setting("tail", time(model.tail)),
        setting("tail-sigma", model.tail_sigma),
        setting("in-flight", model.in_flight),
        setting("error-rate", model.error_rate),
        // What makes runs repeatable, and what it does to figures that are not counted.
        setting(
            "moka",
            "housekeeping after each load, which adds to CPU and allocs",
        ),
        setting("quick_cache", "16 shards on every machine"),
    ]
}

fn time(time: Duration) -> String {
    format!("{time:?}")
}

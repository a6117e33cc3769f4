//! What was offered, in words and as a figure.

use crate::report::model::{Offered, Point};
use crate::report::quantity::{self, Quantity};

/// Returns what was offered as people say it.
pub(crate) fn said(offered: Offered) -> String {
    match offered {
        Offered::Clients(clients) => counted(clients, "client"),
        Offered::PerSecond(rate) => format!("{} loads/s offered", Quantity::PerSecond.show(rate)),
        Offered::Speed(1.0) => "the trace's own pace".to_owned(),
        Offered::Speed(speed) => format!("the trace's pace × {}", quantity::ratio(speed)),
        Offered::Subscribers { count, per_second } => {
            format!("{}, {}", counted(count, "subscriber"), pace(per_second))
        }
        Offered::Behind { keys, changes } => {
            format!(
                "{}, {} behind",
                counted(keys, "key"),
                counted(changes, "change")
            )
        }
        Offered::Commits {
            writers,
            keys,
            processes,
            updates,
        } => {
            let each = format!("{}, {}", counted(writers, "writer"), counted(keys, "key"));
            let each = match processes {
                1 => each,
                processes => format!("{processes} processes, in each {each}"),
            };
            match updates {
                None => each,
                Some(updates) => format!("{each}, {}", counted(updates, "update")),
            }
        }
    }
}

/// Returns how fast events were published as people say it.
pub(crate) fn pace(per_second: Option<f64>) -> String {
    match per_second {
        None => "as fast as possible".to_owned(),
        Some(rate) => format!("{} events/s", Quantity::PerSecond.show(rate)),
    }
}

/// Returns the number alone that a table has its columns by.
pub(crate) fn number(offered: Offered) -> String {
    match offered {
        Offered::Subscribers { count, .. } => Quantity::Count.show(count as f64),
        Offered::Behind { changes, .. } => Quantity::Count.show(changes as f64),
        Offered::Commits { writers, .. } => Quantity::Count.show(writers as f64),
        other => said(other),
    }
}

/// Returns what points offered as figures of one unit; `None` where they do not have one, or where
/// there is nothing to draw a line between.
pub(crate) fn figures<R>(points: &[&Point<R>]) -> Option<(&'static str, Vec<f64>)> {
    let figures = points.iter().map(|point| match point.offered {
        Offered::Clients(clients) => ("number of clients", clients as f64),
        Offered::PerSecond(rate) => ("offered loads in a second", rate),
        Offered::Speed(speed) => ("speed of the trace", speed),
        Offered::Subscribers { count, .. } => ("number of subscribers", count as f64),
        Offered::Behind { changes, .. } => ("number of changes behind", changes as f64),
        Offered::Commits { writers, .. } => ("number of writers", writers as f64),
    });
    let (units, figures): (Vec<_>, Vec<_>) = figures.unzip();
    let unit = *units.first()?;
    (figures.len() > 1 && units.iter().all(|it| *it == unit)).then_some((unit, figures))
}

pub(crate) fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{} {what}s", Quantity::Count.show(count as f64)),
    }
}

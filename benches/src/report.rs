//! Reports: what a run found, as a terminal table, JSON, Markdown and a page with charts.
//!
//! The engine fills a [`model::Report`] and hands it on; nothing here measures anything.
//!
//! * [`model`], what a report says; `validate` holds what it may say.
//! * [`cdf`] and [`clock`], how an engine writes a distribution and a moment down.
//! * [`output`], the folder with the files, written whole or not at all.
//! * [`table`], [`json`], [`markdown`] and [`html`], the formats.
//! * `reads`, `events`, `checkpoints` and `all`, the `kinds` of report: what each shows, as an `outline`
//!   that every format follows; `headline`, what each says in short.
//! * [`metric`], [`quantity`], [`spread`] [`grid`] and `swept`, what the formats share.
//! * [`error`], why a report could not be read or written.

pub(crate) mod all;
mod answer;
pub mod cdf;
pub(crate) mod catchup;
mod cells;
mod charts;
pub(crate) mod checkpoints;
pub mod clock;
pub mod error;
pub(crate) mod events;
pub mod grid;
mod headline;
pub mod html;
pub mod json;
mod kinds;
pub mod markdown;
pub mod metric;
pub mod model;
pub(crate) mod offered;
mod outline;
pub mod output;
pub mod quantity;
pub(crate) mod reads;
pub mod spread;
mod swept;
pub mod table;
mod validate;

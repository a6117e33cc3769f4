//! Reports: what a run found, as a terminal table, JSON, Markdown and a page with charts.
//!
//! The engine fills a [`model::Report`] and hands it on; nothing here measures anything.
//!
//! * [`model`], what a report says.
//! * [`cdf`], how a histogram becomes the few steps that a report keeps.
//! * [`clock`], how a moment is written down.

pub mod model;
pub mod cdf;
pub mod clock;

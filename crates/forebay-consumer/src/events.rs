//! The logs and hubs of forebay-events, to be followed.

pub(crate) mod error;
pub(crate) mod hub;
pub(crate) mod source;

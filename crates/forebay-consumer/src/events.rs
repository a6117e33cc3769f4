//! The logs and hubs of forebay-events, to be followed.

mod error;
mod hub;
mod source;

pub use self::error::{HubError, SourceError};
pub use self::hub::{FollowHub, HubSteps};
pub use self::source::{SourceItems, SourceSteps};

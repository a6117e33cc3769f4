use std::fmt;

/// Why a group was not built.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A group needs at least one shard.
    ZeroShards,
    /// A bound on waiting of zero would make every follower fail; use
    /// [`claim`](crate::Singleflight::claim) where nobody is to wait.
    ZeroTimeout,
    /// With no leader allowed nothing would ever load.
    ZeroLeaders,
    /// A policy that allows no extra load at all is no such policy; leave it out.
    ZeroRetries,
    /// Hedging would begin at or after the bound on waiting, which is too late.
    HedgeAfterTimeout,
    /// Timeouts need a clock: enable the `tokio` feature or give a
    /// [`Runtime`](crate::Runtime).
    RuntimeMissing,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ZeroShards => "the number of shards is zero",
            Self::ZeroTimeout => "the bound on waiting is zero",
            Self::ZeroLeaders => "the number of leaders is zero",
            Self::ZeroRetries => "the number of extra loads is zero",
            Self::HedgeAfterTimeout => "hedging begins no earlier than the bound on waiting",
            Self::RuntimeMissing => "timeouts need a runtime and the group has none",
        })
    }
}

impl std::error::Error for ConfigError {}

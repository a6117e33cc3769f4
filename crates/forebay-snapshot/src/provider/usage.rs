/// How much a provider has of everything that is bounded.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ProviderUsage {
    /// Snapshots, at most [`snapshots_max`](crate::ProviderConfig::snapshots_max).
    pub snapshots: usize,
    /// Followers, at most [`followers_max`](crate::ProviderConfig::followers_max).
    pub followers: usize,
    /// Requests that wait or whose answer is remembered, at most as many as followers.
    pub requests: usize,
    /// Messages that wait to be sent: at most [`outputs_max`](crate::ProviderConfig::outputs_max), and
    /// one more for each of those who were offered or refused a snapshot meanwhile.
    pub queued: usize,
    /// What they keep, at most [`queued_bytes_max`](crate::ProviderConfig::queued_bytes_max).
    pub queued_bytes: usize,
    /// Encoded chunks, at most [`cached_bytes_max`](crate::ProviderConfig::cached_bytes_max).
    pub cached_bytes: usize,
    /// What is known of the pieces of all snapshots: some 50 bytes for each chunk, of which
    /// [`Limits::pages_max`](crate::Limits::pages_max) bounds the number.
    pub table_bytes: usize,
    /// Deadlines, at most one for each snapshot, follower and request, and two more.
    pub timers: usize,
    /// Events that were dropped because nobody took them.
    pub events_dropped: u64,
}

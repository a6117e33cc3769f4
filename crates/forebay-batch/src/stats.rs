use forebay_core::LoadError;

/// What a batcher or an executor has done since it was built, and what it is doing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Keys that were asked for and not found in the cache; values, for an executor.
    pub loads: u64,
    /// Keys that were found in the cache.
    pub hits: u64,
    /// Loads that joined a key which was waiting or under way. The deduplicated ones.
    pub joins: u64,
    /// Calls of the backend, further calls by bisecting among them.
    pub calls: u64,
    /// Keys that those calls asked for.
    pub keys: u64,
    /// The most keys that one call has asked for.
    pub batch_max: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Calls that panicked.
    pub panics: u64,
    /// Calls that were dropped because they took too long.
    pub timeouts: u64,
    /// Further calls that were made to find the keys that fail.
    pub bisections: u64,
    /// Answers that could not be used, see [`Answers::ignored`](forebay_core::Answers::ignored).
    pub ignored: u64,
    /// Loads that were dropped before they had an answer.
    pub cancelled: u64,
    /// Keys that were taken back before their batch was sealed, because nobody wanted them.
    pub withdrawn: u64,
    /// Calls that were dropped because nobody waited for them any more.
    pub abandoned: u64,
    /// Calls that were lost with the runtime that carried them out.
    pub lost: u64,
    /// Loads that were rejected because too many waited.
    pub rejected: u64,
    /// Loads that would have waited for themselves.
    pub cycles: u64,
    /// Keys that wait now.
    pub waiting: usize,
    /// Keys that are in calls now.
    pub running: usize,
}

impl Stats {
    /// Adds what went wrong in a call.
    pub(crate) const fn add(&mut self, tally: Tally) {
        self.errors += tally.errors;
        self.panics += tally.panics;
        self.timeouts += tally.timeouts;
        self.bisections += tally.bisections;
        self.calls += tally.bisections;
        self.keys += tally.keys;
        self.ignored += tally.ignored;
    }
}

/// What was wrong with a call, for the statistics.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) errors: u64,
    pub(crate) panics: u64,
    pub(crate) timeouts: u64,
    pub(crate) bisections: u64,
    pub(crate) keys: u64,
    pub(crate) ignored: u64,
}

impl Tally {
    /// Counts a call that failed, by how it did.
    pub(crate) const fn failed<E>(&mut self, error: &LoadError<E>) {
        match error {
            LoadError::Backend(_) => self.errors += 1,
            LoadError::Panicked(_) => self.panics += 1,
            LoadError::TimedOut => self.timeouts += 1,
            _ => {}
        }
    }
}

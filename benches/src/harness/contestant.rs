use std::fmt;

/// A strategy: one of the ways to do what a subcommand asks, and a value of its table.
pub(crate) trait Contestant: Copy + fmt::Debug + Send + Sync + 'static {
    /// Every one there is, in the order in which reports show them.
    const ALL: &'static [Self];

    /// Returns its name on the command line and in reports.
    fn name(&self) -> &'static str;

    /// Returns what it does, in a few words.
    fn summary(&self) -> &'static str;

    /// Returns the one of this name.
    fn find(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|contestant| contestant.name() == name)
    }
}

/// Returns the names of some, as a report lists them.
pub(crate) fn names<C: Contestant>(contestants: &[C]) -> String {
    let names: Vec<&str> = contestants.iter().map(Contestant::name).collect();
    names.join(",")
}

/// How many peers must say what the state is before a session believes it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Trust {
    /// More than half of the members must name the same root for the same anchor. What a minority
    /// makes up is then never installed, and costs no more than time.
    #[default]
    Quorum,
    /// One provider is enough: peers may stop, forget and be late, but say nothing that is wrong.
    Crash,
}

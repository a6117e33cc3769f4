/// What a subscriber who is behind may lose. Nobody may lose the last event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Losses {
    /// Nothing.
    Never,
    /// Events that it is told of, as many as it is told.
    Announced,
    /// Any event that another one follows, without a word.
    Silent,
}

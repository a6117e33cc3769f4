use crate::chain::place::Place;

/// What comes after the last event of a chain.
pub(crate) enum End<T, E> {
    Closed,
    /// The publisher was dropped without an ending.
    Lost,
    Failed(E),
    /// It goes on elsewhere.
    Splice(Place<T, E>),
}

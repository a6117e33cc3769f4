/// What a [`MemoryStore`](crate::MemoryStore) has, and what it has done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct MemoryStats {
    /// How many keys have a position.
    pub keys: usize,
    /// How many keys are kept without one, for a label or a claim.
    pub keys_without_position: usize,
    /// How many watches there are.
    pub watches: usize,
    /// The epoch of every key that is not kept, above that of every key that was removed.
    pub epoch_floor: u64,
    /// How many commits moved a position forward.
    pub advanced: u64,
    /// How many commits found one that was as far or further.
    pub unchanged: u64,
    /// How many commits and resets were refused.
    pub refused: u64,
}

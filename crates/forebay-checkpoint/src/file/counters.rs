//! What an engine has done.

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counters {
    pub(crate) frames: u64,
    pub(crate) syncs: u64,
    pub(crate) foreign_frames: u64,
    pub(crate) torn_tails: u64,
    pub(crate) replacements: u64,
    pub(crate) failures: u64,
    pub(crate) salvages: u64,
    /// Records of a damaged file whose key is not known.
    pub(crate) lost_records: u64,
}

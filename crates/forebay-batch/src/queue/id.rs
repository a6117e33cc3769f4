/// The place of a batch, good until its call has ended.
pub(crate) type BatchId = u32;

/// The place of a lane.
pub(crate) type LaneId = u32;

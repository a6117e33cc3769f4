/// How many bytes an event id may have.
///
/// Both stores hold to it, so that whatever one of them has, the other one takes.
pub const EVENT_ID_BYTES_MAX: usize = u16::MAX as usize;

/// How many bytes a label may have.
pub const LABEL_BYTES_MAX: usize = u8::MAX as usize;

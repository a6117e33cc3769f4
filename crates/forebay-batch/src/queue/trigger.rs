/// Why a call starts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trigger {
    /// Nothing ran.
    Idle,
    /// Enough units waited to keep the calls apart.
    Paced,
    /// The batch was full.
    Full,
    /// The oldest unit had waited long enough.
    Window,
    /// The batch had the size that was asked for.
    Size,
    /// The user said so.
    Manual,
    /// The queue was closed.
    Close,
    /// A call in flight waited for it.
    Nested,
}

impl Trigger {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Paced => "paced",
            Self::Full => "full",
            Self::Window => "window",
            Self::Size => "size",
            Self::Manual => "manual",
            Self::Close => "close",
            Self::Nested => "nested",
        }
    }
}

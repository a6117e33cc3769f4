use std::fmt;
use std::time::Duration;

/// Something failed and will be tried again, as it is told to whoever
/// [asked for it](crate::Builder::on_retry).
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Retrying<'a> {
    /// What failed.
    pub doing: Doing,
    /// How.
    pub error: &'a (dyn fmt::Display + 'a),
    /// How often it has failed by now, without a success between.
    pub failures: u32,
    /// When it is tried again.
    pub wait: Duration,
}

/// What a consumer tries again: of what is followed, `Follow`; of the handler, `Apply`, `BeginAnew` and
/// `Flush`; of the store, `Load`, `Commit` and `Reset`. Each kind has a [`Retry`](crate::Retry).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Doing {
    /// Read the stored position.
    Load,
    /// Follow the log.
    Follow,
    /// Apply a batch.
    Apply,
    /// Have the handler begin anew.
    BeginAnew,
    /// Have the handler make durable what it applied.
    Flush,
    /// Store a position. Items are applied meanwhile.
    Commit,
    /// Make the stored position void, before the handler begins anew.
    Reset,
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Load => "load the position",
            Self::Follow => "follow the log",
            Self::Apply => "apply a batch",
            Self::BeginAnew => "begin anew",
            Self::Flush => "flush",
            Self::Commit => "commit the position",
            Self::Reset => "reset the position",
        })
    }
}

impl fmt::Display for Retrying<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            doing,
            error,
            failures,
            wait,
        } = self;
        write!(f, "cannot {doing}: {error}; failed ")?;
        match failures {
            1 => f.write_str("once")?,
            _ => write!(f, "{failures} times")?,
        }
        write!(f, ", again in {wait:.1?}")
    }
}

impl fmt::Debug for Retrying<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retrying")
            .field("doing", &self.doing)
            .field("error", &format_args!("{}", self.error))
            .field("failures", &self.failures)
            .field("wait", &self.wait)
            .finish()
    }
}

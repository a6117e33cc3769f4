use crate::observe::Beginning;

#[derive(Clone)]
pub(crate) struct Asker;

#[derive(Default)]
pub(crate) struct Askers;

pub(crate) struct CallSpan;

#[inline]
pub(crate) const fn is_traced() -> bool {
    false
}

impl Asker {
    #[inline]
    pub(crate) const fn current() -> Self {
        Self
    }
}

impl Askers {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[allow(
        clippy::needless_pass_by_ref_mut,
        reason = "the twin with spans needs it"
    )]
    #[inline]
    pub(crate) const fn add(&mut self, _: Asker) -> Option<Asker> {
        let _ = self;
        None
    }
}

impl CallSpan {
    pub(crate) const fn begin(_: &'static str, _: &str, _: &Beginning, _: Askers) -> Self {
        Self
    }

    pub(crate) fn within<F: Future>(self, call: F) -> F {
        let Self = self;
        call
    }
}

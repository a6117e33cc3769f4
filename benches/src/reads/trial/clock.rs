use crate::harness::clock::Clock;
use crate::reads::trial::executor::VirtualRuntime;

/// What a trial's times are read from, which starts at 0.
#[derive(Clone, Debug)]
pub(crate) enum TrialClock {
    /// The machine's clock.
    Wall(Clock),
    /// The modelled backend's.
    Virtual(VirtualRuntime),
}

impl TrialClock {
    pub(crate) fn now_ns(&self) -> u64 {
        match self {
            Self::Wall(clock) => clock.now_ns(),
            Self::Virtual(runtime) => runtime.now_ns(),
        }
    }
}

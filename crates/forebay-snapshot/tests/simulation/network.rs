use std::collections::BTreeMap;
use std::time::Duration;

use crate::random::Random;
use crate::{Message, Name};

/// What can go wrong between two peers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) drop_percent: u64,
    pub(crate) duplicate_percent: u64,
    pub(crate) delay_max_millis: u64,
}

impl Weather {
    pub(crate) fn of(random: &mut Random) -> Self {
        Self {
            drop_percent: random.below(31),
            duplicate_percent: random.below(20),
            delay_max_millis: 2 + random.below(150),
        }
    }
}

/// Messages under way. Each takes its own time, so they overtake one another.
#[derive(Debug)]
pub(crate) struct Network {
    weather: Weather,
    sent: u64,
    under_way: BTreeMap<(Duration, u64), (Name, Name, Message)>,
}

impl Network {
    pub(crate) const fn new(weather: Weather) -> Self {
        Self {
            weather,
            sent: 0,
            under_way: BTreeMap::new(),
        }
    }

    pub(crate) fn send(
        &mut self,
        now: Duration,
        random: &mut Random,
        (from, to): (Name, Name),
        message: Message,
    ) {
        if random.percent(self.weather.drop_percent) {
            return;
        }
        let copies = 1 + u64::from(random.percent(self.weather.duplicate_percent));
        for _ in 0..copies {
            let at = now + random.millis(1, self.weather.delay_max_millis);
            self.sent += 1;
            let envelope = (from, to, message.clone());
            self.under_way.insert((at, self.sent), envelope);
        }
    }

    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.under_way.keys().next().map(|(at, _)| *at)
    }

    pub(crate) fn receive(&mut self, now: Duration) -> Option<(Name, Name, Message)> {
        let first = self.under_way.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}

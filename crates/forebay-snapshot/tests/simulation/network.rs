use std::collections::BTreeMap;
use std::time::Duration;

use forebay_snapshot::Unsent;

use crate::random::Random;
use crate::tally::Tally;
use crate::{Message, Name};

/// What can go wrong between two peers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    drop_percent: u64,
    duplicate_percent: u64,
    delay_max_millis: u64,
    /// How many of a hundred messages a provider cannot get rid of at once.
    full_percent: u64,
    /// How many bytes of data a provider can send at once.
    data_bytes_max: usize,
}

pub(crate) const DROP_PERCENT_MAX: u64 = 30;

impl Weather {
    pub(crate) fn of(random: &mut Random) -> Self {
        Self {
            drop_percent: random.below(DROP_PERCENT_MAX + 1),
            duplicate_percent: random.below(20),
            delay_max_millis: 2 + random.below(150),
            full_percent: random.below(20).saturating_sub(10),
            // The largest chunk of small items passes in any case.
            data_bytes_max: 41_000 - 3_000 * random.below(3) as usize,
        }
    }
}

/// Messages under way. Each takes its own time, so they overtake one another.
#[derive(Debug)]
pub(crate) struct Network {
    weather: Weather,
    sent: u64,
    under_way: BTreeMap<(Duration, u64), (Name, Name, Message)>,
    /// The last one that each has received from each.
    last: BTreeMap<(Name, Name), u64>,
    pub(crate) tally: Tally,
}

impl Network {
    pub(crate) fn new(weather: Weather) -> Self {
        Self {
            weather,
            sent: 0,
            under_way: BTreeMap::new(),
            last: BTreeMap::new(),
            tally: Tally::default(),
        }
    }

    /// Whether a provider cannot send a message now, and why not.
    pub(crate) fn refuses(&mut self, random: &mut Random, message: &Message) -> Option<Unsent> {
        if matches!(message, Message::Data { bytes, .. } if bytes.len() > self.weather.data_bytes_max)
        {
            self.tally.note("too large to be sent");
            Some(Unsent::TooLarge)
        } else if random.percent(self.weather.full_percent) {
            self.tally.note("no room to be sent");
            Some(Unsent::Full)
        } else {
            None
        }
    }

    pub(crate) fn send(
        &mut self,
        now: Duration,
        random: &mut Random,
        (from, to): (Name, Name),
        message: Message,
    ) {
        self.tally.note("sent");
        if random.percent(self.weather.drop_percent) {
            self.tally.note("lost");
            return;
        }
        let copies = 1 + u64::from(random.percent(self.weather.duplicate_percent));
        self.tally.add("sent twice", copies - 1);
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
        let (at, number) = *first.key();
        if at > now {
            return None;
        }
        let (from, to, message) = first.remove();
        let last = self.last.entry((from, to)).or_default();
        if number < *last {
            self.tally.note("overtaken");
        }
        *last = number.max(*last);
        Some((from, to, message))
    }

    /// Loses what is under way between two peers.
    pub(crate) fn cut(&mut self, one: Name, other: Name) {
        self.under_way.retain(|_, (from, to, _)| {
            (*from, *to) != (one, other) && (*from, *to) != (other, one)
        });
    }
}

/// One call on a store, of a [`Script`].
///
/// Keys and logs are small numbers, so that steps meet: two of one key follow each other often. A
/// step that a store cannot do, such as a claim where there are none, is passed over.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// Reads a key.
    Load(u8),
    /// Commits a point.
    Commit(Point),
    /// Commits several at once.
    CommitMany(Vec<Point>),
    /// Removes a key.
    Remove(u8),
    /// Resets a key.
    Reset(Point),
    /// Claims a key and keeps the claim.
    Claim(u8),
    /// Commits through one of the claims of that key which are kept, counted from the latest.
    CommitClaimed(u8, Point),
    /// Gives up the oldest claim that is kept.
    Release,
    /// Goes on with the other one of two handles to the store. What one handle remembers, the other
    /// may have changed.
    Switch,
    /// Goes on after an end of the process. Claims that are kept end with it.
    Reopen,
}

/// What is committed under which key.
///
/// Scripts make them of their bytes; a failing one is printed with its points, to be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// The key.
    pub key: u8,
    /// The log.
    pub log: u8,
    /// The sequence.
    pub sequence: u64,
    /// The event id, as a number.
    pub event_id: Option<u8>,
}

/// Calls on a store, one after the other, for [`replay`](super::replay).
///
/// It is made of bytes rather than of random numbers so that whoever has bytes can make one: a
/// fuzzer, which finds its way by coverage, a property test, which shrinks what fails, a file with
/// what once failed. The same bytes always make the same script.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Script {
    steps: Vec<Step>,
}

impl Script {
    /// Makes a script of any bytes. Fewer and lower bytes make a shorter and simpler one, so what
    /// shrinks bytes shrinks scripts.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_testkit::checkpoint_store::{Script, Step};
    ///
    /// assert_eq!(Script::from_bytes(&[0, 1]).steps(), [Step::Load(1)]);
    /// assert!(Script::from_bytes(&[]).steps().is_empty());
    /// ```
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut bytes = bytes.iter().copied();
        let mut steps = Vec::new();
        while let Some(step) = step(&mut bytes) {
            steps.push(step);
        }
        Self { steps }
    }

    /// Returns the steps.
    ///
    /// # Examples
    ///
    /// See [`from_bytes`](Script::from_bytes).
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

/// Returns the next step, or `None` when there are no bytes left for a whole one.
fn step(bytes: &mut impl Iterator<Item = u8>) -> Option<Step> {
    Some(match bytes.next()? % 16 {
        0 | 1 => Step::Load(key(bytes)?),
        2..=5 => Step::Commit(point(bytes)?),
        6 | 7 => {
            let count = bytes.next()? % 5;
            Step::CommitMany((0..count).map(|_| point(bytes)).collect::<Option<_>>()?)
        }
        8 => Step::Remove(key(bytes)?),
        9 => Step::Reset(point(bytes)?),
        10 => Step::Claim(key(bytes)?),
        11 | 12 => Step::CommitClaimed(bytes.next()? % 3, point(bytes)?),
        13 => Step::Release,
        14 => Step::Switch,
        _ => Step::Reopen,
    })
}

fn key(bytes: &mut impl Iterator<Item = u8>) -> Option<u8> {
    Some(bytes.next()? % 4)
}

fn point(bytes: &mut impl Iterator<Item = u8>) -> Option<Point> {
    let key = key(bytes)?;
    let byte = bytes.next()?;
    // Another log is the exception, because nearly everything is refused after it.
    let log = u8::from(byte >= 240);
    let sequence = match byte % 16 {
        15 => u64::MAX,
        low => u64::from(low),
    };
    let event_id = Some(byte % 5).filter(|event_id| *event_id != 0);
    Some(Point {
        key,
        log,
        sequence,
        event_id,
    })
}

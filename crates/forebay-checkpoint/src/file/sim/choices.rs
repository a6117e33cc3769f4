//! Choices that something makes one after the other: all of them in turn, or drawn.

/// One course of choices, and after it the next.
#[derive(Debug, Default)]
pub(crate) struct Choices {
    /// What was chosen, and out of how many.
    made: Vec<(u64, u64)>,
    at: usize,
}

impl Choices {
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        if self.at == self.made.len() {
            self.made.push((0, below.max(1)));
        }
        self.at += 1;
        self.made[self.at - 1].0
    }

    /// Goes to the next course; returns whether there is one.
    pub(crate) fn advance(&mut self) -> bool {
        self.at = 0;
        while let Some((choice, below)) = self.made.pop() {
            if choice + 1 < below {
                self.made.push((choice + 1, below));
                return true;
            }
        }
        false
    }
}

/// Numbers that look random, and are the same whenever they begin with the same seed.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The lowest bits of such numbers follow one another too regularly.
        (self.0 >> 11) % below.max(1)
    }
}

#[test]
fn all_courses_come_once() {
    let mut choices = Choices::default();
    let mut courses = Vec::new();
    loop {
        let first = choices.below(3);
        let second = if first == 1 { choices.below(2) } else { 9 };
        courses.push((first, second));
        if !choices.advance() {
            break;
        }
    }
    assert_eq!(courses, [(0, 9), (1, 0), (1, 1), (2, 9)]);
}

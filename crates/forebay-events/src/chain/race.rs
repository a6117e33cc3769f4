//! What tells loom which slots are written and read, so that it finds a race between the two.

#[cfg(not(forebay_loom))]
pub(crate) struct Races;

#[cfg(not(forebay_loom))]
impl Races {
    #[inline(always)]
    pub(crate) const fn new(_capacity: u16) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) const fn write(&self, _at: u16) {}

    #[inline(always)]
    pub(crate) const fn read(&self, _from: u32, _to: u32) {}
}

#[cfg(forebay_loom)]
pub(crate) struct Races(Vec<loom::cell::UnsafeCell<()>>);

#[cfg(forebay_loom)]
impl Races {
    pub(crate) fn new(capacity: u16) -> Self {
        Self(
            (0..capacity)
                .map(|_| loom::cell::UnsafeCell::new(()))
                .collect(),
        )
    }

    pub(crate) fn write(&self, at: u16) {
        self.0[usize::from(at)].with_mut(|_| ());
    }

    pub(crate) fn read(&self, from: u32, to: u32) {
        for cell in &self.0[from as usize..to as usize] {
            cell.with(|_| ());
        }
    }
}

/// A list that is linked through the elements of a slice.
pub(crate) struct List {
    first: u32,
    last: u32,
    len: usize,
}

/// An element's neighbours in the list that it is in, if it is in one.
#[derive(Clone, Copy)]
pub(crate) struct Link {
    previous: u32,
    next: u32,
}

pub(crate) trait Linked {
    fn link(&mut self) -> &mut Link;
}

/// The end of a list.
const NONE: u32 = u32::MAX;

impl List {
    pub(crate) const fn new() -> Self {
        Self {
            first: NONE,
            last: NONE,
            len: 0,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn first(&self) -> Option<u32> {
        match self.first {
            NONE => None,
            first => Some(first),
        }
    }

    /// Adds an element that is in no list at the end.
    pub(crate) fn push<T: Linked>(&mut self, elements: &mut [T], at: u32) {
        let previous = std::mem::replace(&mut self.last, at);
        *elements[at as usize].link() = Link {
            previous,
            next: NONE,
        };
        match previous {
            NONE => self.first = at,
            previous => elements[previous as usize].link().next = at,
        }
        self.len += 1;
    }

    /// Takes an element out that is in this list.
    pub(crate) fn remove<T: Linked>(&mut self, elements: &mut [T], at: u32) {
        let Link { previous, next } = *elements[at as usize].link();
        match previous {
            NONE => self.first = next,
            previous => elements[previous as usize].link().next = next,
        }
        match next {
            NONE => self.last = previous,
            next => elements[next as usize].link().previous = previous,
        }
        self.len -= 1;
    }
}

impl Link {
    pub(crate) const fn new() -> Self {
        Self {
            previous: NONE,
            next: NONE,
        }
    }
}

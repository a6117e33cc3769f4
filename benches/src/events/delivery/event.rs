use std::sync::Arc;

/// What is published. A clone shares the payload, so that cloning costs what it costs a careful user.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Event {
    /// Which one it is: 0, 1, 2 and so on.
    pub sequence: u64,
    /// When it was meant to be published.
    pub(crate) due_ns: u64,
    payload: Option<Arc<[u8]>>,
}

impl Event {
    /// Creates an event whose payload, of so many bytes, follows from its number.
    #[must_use]
    pub fn new(sequence: u64, bytes: usize) -> Self {
        let payload = (bytes > 0).then(|| {
            let content = sequence.to_le_bytes().into_iter().cycle();
            content.take(bytes).collect()
        });
        Self {
            sequence,
            due_ns: 0,
            payload,
        }
    }

    /// Returns whether the payload is what it was when the event was made.
    pub(crate) fn is_unharmed(&self) -> bool {
        let content = self.sequence.to_le_bytes();
        let payload = self.payload.as_deref().unwrap_or_default();
        let mut parts = payload.chunks(content.len());
        parts.all(|part| *part == content[..part.len()])
    }
}

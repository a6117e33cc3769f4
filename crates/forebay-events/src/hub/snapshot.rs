pub(crate) mod build;
pub(crate) mod job;

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use forebay_core::Sequence;
use forebay_rt::BoxFuture;

use crate::hub::topic::Subject;
use crate::hub::writer::Writer;

/// Where the hub's snapshots come from: the state of which the events are changes.
///
/// # Semantics
///
/// * What was published is already in the state: change the state first, then publish. A snapshot
///   that is begun after an event was published shows it, or is known to be too old by its sequence.
/// * The sequence it returns says what it shows: every event of the subject up to it, and none after
///   it. It may be ahead of what was published. It is the position of the whole state and not that of
///   the subject's own last change, which would make a snapshot look older than it is.
/// * No lock of the hub is held while it runs. It may be dropped at any await, when nobody waits for
///   the snapshot any more.
///
/// # Examples
///
/// ```
/// use std::collections::BTreeMap;
/// use std::convert::Infallible;
/// use std::sync::{Arc, Mutex};
///
/// use forebay_core::Sequence;
/// use forebay_events::{SnapshotSource, SnapshotWriter, Subject};
///
/// #[derive(Default)]
/// struct Store {
///     sequence: u64,
///     values: BTreeMap<&'static str, u32>,
/// }
///
/// struct Values(Arc<Mutex<Store>>);
///
/// impl SnapshotSource<&'static str, u32> for Values {
///     type Error = Infallible;
///
///     async fn snapshot(
///         &self,
///         subject: &Subject<&'static str>,
///         out: &mut SnapshotWriter<u32>,
///     ) -> Result<Sequence, Infallible> {
///         let (sequence, values) = {
///             let store = self.0.lock().unwrap();
///             let of_subject = |key: &&str| subject.key().is_none_or(|it| it == key);
///             let values = store.values.iter().filter(|(key, _)| of_subject(key));
///             (store.sequence, values.map(|(_, value)| *value).collect::<Vec<_>>())
///         };
///         for value in values {
///             out.push(value).await;
///         }
///         Ok(Sequence::new(sequence))
///     }
/// }
/// ```
pub trait SnapshotSource<K, T>: Send + Sync + 'static
where
    T: Send + Sync + 'static,
{
    /// How it fails.
    type Error: Send + Sync + 'static;

    /// Writes the state of `subject` to `out`, and returns the sequence as of which that is.
    ///
    /// # Errors
    ///
    /// Its own. It reaches those who wait for this snapshot, and nobody who asks later.
    ///
    /// # Cancel safety
    ///
    /// Must be safe to drop: the hub drops it when nobody waits for it, and when it takes too long.
    fn snapshot(
        &self,
        subject: &Subject<K>,
        out: &mut SnapshotWriter<T>,
    ) -> impl Future<Output = Result<Sequence, Self::Error>> + Send;
}

impl<K, T, S> SnapshotSource<K, T> for Arc<S>
where
    K: Sync,
    T: Send + Sync + 'static,
    S: SnapshotSource<K, T>,
{
    type Error = S::Error;

    fn snapshot(
        &self,
        subject: &Subject<K>,
        out: &mut SnapshotWriter<T>,
    ) -> impl Future<Output = Result<Sequence, Self::Error>> + Send {
        (**self).snapshot(subject, out)
    }
}

/// The source of a hub, whose type nobody but its builder has to know.
pub(crate) trait AnySource<K, T, E>: Send + Sync
where
    T: Send + Sync + 'static,
{
    fn any_snapshot<'a>(
        &'a self,
        subject: &'a Subject<K>,
        out: &'a mut SnapshotWriter<T>,
    ) -> BoxFuture<'a, Result<Sequence, E>>;
}

impl<K, T, S> AnySource<K, T, S::Error> for S
where
    K: Sync,
    T: Send + Sync + 'static,
    S: SnapshotSource<K, T>,
{
    fn any_snapshot<'a>(
        &'a self,
        subject: &'a Subject<K>,
        out: &'a mut SnapshotWriter<T>,
    ) -> BoxFuture<'a, Result<Sequence, S::Error>> {
        Box::pin(self.snapshot(subject, out))
    }
}

/// Takes the pieces of a snapshot; subscribers can read each as soon as it is written.
///
/// It never waits for them: a snapshot is kept as a whole until the last who reads it has read it,
/// so it takes as much memory as it is large.
pub struct SnapshotWriter<T: Send + Sync + 'static> {
    writer: Arc<Writer<T>>,
    pieces: u64,
}

/// After so many pieces others may run.
const PIECES_PER_TURN: u64 = 128;

impl<T: Send + Sync + 'static> SnapshotWriter<T> {
    pub(crate) const fn new(writer: Arc<Writer<T>>) -> Self {
        Self { writer, pieces: 0 }
    }

    /// Returns how many pieces were written.
    #[must_use]
    pub const fn pieces(&self) -> u64 {
        self.pieces
    }

    /// Writes a piece. From time to time it lets other tasks run.
    ///
    /// # Cancel safety
    ///
    /// The piece is written when the future is polled first; before that, dropping the future loses
    /// it.
    ///
    /// # Examples
    ///
    /// See [`SnapshotSource`].
    pub async fn push(&mut self, piece: T) {
        self.writer.append(0, |publisher| {
            let _ = publisher.push(piece);
        });
        self.pieces += 1;
        if self.pieces.is_multiple_of(PIECES_PER_TURN) {
            yield_now().await;
        }
    }

    /// Writes many pieces, which can be read once all are there. It costs far less than one by one.
    ///
    /// # Cancel safety
    ///
    /// The pieces are written when the future is polled first; before that, dropping the future
    /// loses them.
    ///
    /// # Examples
    ///
    /// See [`SnapshotSource`].
    pub async fn extend<I>(&mut self, pieces: I)
    where
        I: IntoIterator<Item = T> + Send,
    {
        let mut written = 0;
        self.writer.append(0, |publisher| {
            let next = publisher.head().next();
            if let Some(Ok(count)) = next.map(|next| publisher.append_all(next, pieces)) {
                written = count as u64;
            }
        });
        self.pieces += written;
        if written > 0 {
            yield_now().await;
        }
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for SnapshotWriter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotWriter")
            .field("pieces", &self.pieces)
            .finish_non_exhaustive()
    }
}

/// Lets other tasks of the executor run once.
pub(crate) async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

//! A log that one process leads: in memory, in order, and gone when nobody should need it any more.
//!
//! It stands for the log of a consensus, and is the simplest thing that can.

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::stage::{Batch, Command};

/// How many entries are sent at once.
const BATCH_MAX: usize = 1_000;

/// How far the slowest reader may be behind before the writer waits.
const AHEAD_MAX: u64 = 10_000;

/// The leader's log, of which clones are the same.
#[derive(Clone, Debug)]
pub struct Log {
    kept: Arc<Mutex<Kept>>,
    head: watch::Sender<u64>,
    read: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Kept {
    /// How many entries are gone.
    pruned: u64,
    entries: VecDeque<Command>,
    /// What each reader has been sent.
    readers: BTreeMap<u64, u64>,
}

impl Log {
    pub fn new() -> Self {
        Self {
            kept: Arc::default(),
            head: watch::Sender::new(0),
            read: watch::Sender::new(()),
        }
    }

    /// Appends an entry, and returns its sequence.
    pub fn append(&self, command: Command) -> u64 {
        let mut kept = self.lock();
        kept.entries.push_back(command);
        let head = kept.pruned + kept.entries.len() as u64;
        self.head.send_replace(head);
        head
    }

    /// Removes entries up to this one.
    pub fn prune(&self, up_to: u64) {
        let mut kept = self.lock();
        while kept.pruned < up_to && kept.entries.pop_front().is_some() {
            kept.pruned += 1;
        }
    }

    /// Waits while a reader is too far behind.
    pub async fn room(&self) {
        let mut read = self.read.subscribe();
        loop {
            let head = *self.head.borrow();
            let slowest = self.lock().readers.values().copied().min();
            if slowest.is_none_or(|slowest| head.saturating_sub(slowest) < AHEAD_MAX) {
                return;
            }
            // The sender is here, so it is not gone.
            let _ = read.changed().await;
        }
    }

    /// Sends the log to whoever connects and says where to begin.
    pub async fn serve(self, listener: TcpListener) {
        let mut number = 0;
        while let Ok((stream, _)) = listener.accept().await {
            number += 1;
            let log = self.clone();
            tokio::spawn(async move {
                // A reader that is gone comes back by itself.
                let _ = log.send(stream, number).await;
                log.lock().readers.remove(&number);
                log.read.send_replace(());
            });
        }
    }

    async fn send(&self, mut stream: TcpStream, number: u64) -> Result<(), Box<dyn Error>> {
        let mut from = stream.read_u64().await?;
        self.lock().readers.insert(number, from.saturating_sub(1));
        let mut head = self.head.subscribe();
        loop {
            let batch = self.batch(from);
            if batch.entries.is_empty() {
                head.changed().await?;
                continue;
            }
            from = batch.first + batch.entries.len() as u64;
            let bytes = postcard::to_stdvec(&batch)?;
            stream.write_u32(u32::try_from(bytes.len())?).await?;
            stream.write_all(&bytes).await?;
            self.lock().readers.insert(number, from - 1);
            self.read.send_replace(());
        }
    }

    /// What begins there, or where the log begins if that is gone.
    fn batch(&self, from: u64) -> Batch {
        let kept = self.lock();
        let first = from.max(kept.pruned + 1);
        let skipped = usize::try_from(first - kept.pruned - 1).unwrap_or(usize::MAX);
        let entries = kept.entries.iter().skip(skipped).take(BATCH_MAX);
        let entries = entries.cloned().collect();
        Batch { first, entries }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The log as others read it.
#[derive(Debug)]
pub struct Reader(TcpStream);

impl Reader {
    pub async fn start(address: (&str, u16), from: u64) -> Result<Self, Box<dyn Error>> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_u64(from).await?;
        Ok(Self(stream))
    }

    pub async fn next(&mut self) -> Result<Batch, Box<dyn Error>> {
        let len = self.0.read_u32().await?;
        let mut bytes = vec![0; usize::try_from(len)?];
        self.0.read_exact(&mut bytes).await?;
        Ok(postcard::from_bytes(&bytes)?)
    }
}

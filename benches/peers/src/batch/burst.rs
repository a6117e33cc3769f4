//! Many loads at once, whose answers are checked.

use std::sync::Arc;

use futures_util::future::join_all;

use crate::batch::backend::value_of;
use crate::batch::peer::Loader;
use crate::failure::Failure;

/// How the loads of a burst are awaited.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Callers {
    /// Each in a task of its own.
    Tasks,
    /// All in one task, by `join_all`.
    Joined,
}

/// Loads each of these keys once, all at the same time.
///
/// # Errors
///
/// When a load fails.
///
/// # Panics
///
/// When the answers are not those of the keys.
pub(crate) async fn burst<L: Loader>(
    loader: &Arc<L>,
    callers: Callers,
    keys: impl Iterator<Item = u64> + Clone + Send,
) -> Result<(), Failure> {
    let sum = match callers {
        Callers::Tasks => in_tasks(loader, keys.clone()).await?,
        Callers::Joined => joined(loader, keys.clone()).await?,
    };
    let expected = keys.map(value_of).fold(0, u64::wrapping_add);
    assert_eq!(sum, expected, "the answers of a burst");
    Ok(())
}

async fn in_tasks<L: Loader>(
    loader: &Arc<L>,
    keys: impl Iterator<Item = u64> + Send,
) -> Result<u64, Failure> {
    let call = |key: u64| {
        let loader = Arc::clone(loader);
        tokio::spawn(async move { L::answer(loader.load(&key).await) })
    };
    let tasks: Vec<_> = keys.map(call).collect();
    let mut sum = 0_u64;
    for task in tasks {
        let value = task.await.map_err(|_| Failure)??;
        sum = sum.wrapping_add(value.ok_or(Failure)?);
    }
    Ok(sum)
}

async fn joined<L: Loader>(
    loader: &Arc<L>,
    keys: impl Iterator<Item = u64> + Send,
) -> Result<u64, Failure> {
    let keys: Vec<u64> = keys.collect();
    let outputs = join_all(keys.iter().map(|key| loader.load(key))).await;
    let mut sum = 0_u64;
    for output in outputs {
        sum = sum.wrapping_add(L::answer(output)?.ok_or(Failure)?);
    }
    Ok(sum)
}

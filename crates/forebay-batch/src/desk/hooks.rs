//! What users plug in, behind pointers so that it does not show in any type.

use std::any::Any;
use std::hash::{BuildHasher, Hash};

use forebay_rt::BoxFuture;

/// What is found out about a key or a value before it enters.
pub(crate) struct Hooks<K, G> {
    group: Option<HashedGroup<K, G>>,
    weigh: Option<Weigh<K>>,
}

type HashedGroup<K, G> = Box<dyn Fn(&K) -> (u64, G) + Send + Sync>;
pub(crate) type GroupBy<K, G> = Box<dyn Fn(&K) -> G + Send + Sync>;
pub(crate) type Weigh<K> = Box<dyn Fn(&K) -> usize + Send + Sync>;

impl<K, G> Hooks<K, G> {
    /// Groups are hashed by `hasher`.
    pub(crate) fn new<S>(hasher: S, group: Option<GroupBy<K, G>>, weigh: Option<Weigh<K>>) -> Self
    where
        K: 'static,
        G: Hash + 'static,
        S: BuildHasher + Send + Sync + 'static,
    {
        let group = group.map(|group| {
            let hashed: HashedGroup<K, G> = Box::new(move |key| {
                let group = group(key);
                (hasher.hash_one(&group), group)
            });
            hashed
        });
        Self { group, weigh }
    }

    /// The group of a key, with its hash.
    #[inline]
    pub(crate) fn group(&self, key: &K) -> Option<(u64, G)> {
        self.group.as_ref().map(|group| group(key))
    }

    /// What a key weighs; nothing weighs nothing.
    #[inline]
    pub(crate) fn weigh(&self, key: &K) -> usize {
        self.weigh.as_ref().map_or(1, |weigh| weigh(key).max(1))
    }
}

/// Where permits come from.
pub(crate) struct Permits<E>(Box<dyn Fn() -> BoxFuture<'static, Result<Guard, E>> + Send + Sync>);

impl<E> Permits<E> {
    pub(crate) fn new<F, Fut, P>(ask: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<P, E>> + Send + 'static,
        P: Send + 'static,
    {
        Self(Box::new(move || {
            let permit = ask();
            Box::pin(async move { permit.await.map(Guard::new) })
        }))
    }

    pub(crate) fn ask(&self) -> BoxFuture<'static, Result<Guard, E>> {
        (self.0)()
    }
}

/// A permit, which is given back by being dropped.
pub(crate) struct Guard {
    _permit: Option<Box<dyn Any + Send>>,
}

impl Guard {
    fn new(permit: impl Send + 'static) -> Self {
        Self {
            _permit: Some(Box::new(permit)),
        }
    }

    pub(crate) const fn none() -> Self {
        Self { _permit: None }
    }
}

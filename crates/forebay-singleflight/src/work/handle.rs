//! How a call holds its group and its key, and what its load's output means.
//!
//! The types here only tell the forms of one future apart, so nobody needs their names.

#![allow(
    missing_debug_implementations,
    private_interfaces,
    unnameable_types,
    reason = "see above"
)]

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use equivalent::Equivalent;
use forebay_core::LoadError;

use crate::group::Group;
use crate::table::berth::{Ask, Joined};
use crate::table::flight::Outcome;

/// The group and the key of a call.
#[allow(
    unnameable_types,
    reason = "it only tells the forms of one future apart"
)]
pub trait Handle {
    type Key: Send + 'static;
    type Value: Clone + Send + Sync + 'static;
    type Error: Send + Sync + 'static;
    type Hasher: BuildHasher + Send + Sync + 'static;

    /// Whether the load runs in a task of its own, whose output nobody looks at.
    const SPAWNED: bool = false;

    fn group(&self) -> &Group<Self::Key, Self::Value, Self::Error, Self::Hasher>;

    /// Joins the flight of the key, or begins one; returns the key's hash too.
    fn join(&mut self, ask: &Ask<'_>) -> (u64, Joined<Self::Value, Self::Error>);
}

/// Both borrowed.
#[allow(
    unnameable_types,
    missing_debug_implementations,
    reason = "see `Handle`"
)]
pub struct Borrowed<'g, 'k, K, V, E, S, Q: ?Sized> {
    pub(crate) group: &'g Group<K, V, E, S>,
    pub(crate) key: &'k Q,
}

/// Both owned, the key until it is in the table.
#[allow(
    unnameable_types,
    missing_debug_implementations,
    reason = "see `Handle`"
)]
pub struct Owned<K, V, E, S> {
    pub(crate) group: Arc<Group<K, V, E, S>>,
    pub(crate) key: Option<K>,
}

/// The load of a flight that is in the table already.
#[allow(
    unnameable_types,
    missing_debug_implementations,
    reason = "see `Handle`"
)]
pub(crate) struct Spawned<K, V, E, S>(pub(crate) Arc<Group<K, V, E, S>>);

impl<K, V, E, S, Q> Handle for Borrowed<'_, '_, K, V, E, S, Q>
where
    K: Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
    Q: Equivalent<K> + Hash + ToOwned<Owned = K> + ?Sized,
{
    type Key = K;
    type Value = V;
    type Error = E;
    type Hasher = S;

    fn group(&self) -> &Group<K, V, E, S> {
        self.group
    }

    #[inline(always)]
    fn join(&mut self, ask: &Ask<'_>) -> (u64, Joined<V, E>) {
        self.group.join(&mut self.key, ask)
    }
}

impl<K, V, E, S> Handle for Owned<K, V, E, S>
where
    K: Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    type Key = K;
    type Value = V;
    type Error = E;
    type Hasher = S;

    fn group(&self) -> &Group<K, V, E, S> {
        &self.group
    }

    #[inline(always)]
    fn join(&mut self, ask: &Ask<'_>) -> (u64, Joined<V, E>) {
        self.group.join(&mut self.key, ask)
    }
}

impl<K, V, E, S> Handle for Spawned<K, V, E, S>
where
    K: Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    type Key = K;
    type Value = V;
    type Error = E;
    type Hasher = S;

    const SPAWNED: bool = true;

    fn group(&self) -> &Group<K, V, E, S> {
        &self.0
    }

    fn join(&mut self, _: &Ask<'_>) -> (u64, Joined<V, E>) {
        unreachable!("the load of a flight in the table does not join it")
    }
}

/// A key that is looked up, and put into the table if it is not there.
pub(crate) trait Lookup<K> {
    type Hashed: Hash + ?Sized;

    fn hashed(&self) -> &Self::Hashed;
    fn matches(&self, key: &K) -> bool;
    /// Called once at most.
    fn own(&mut self) -> K;
}

impl<K, Q> Lookup<K> for &Q
where
    Q: Equivalent<K> + Hash + ToOwned<Owned = K> + ?Sized,
{
    type Hashed = Q;

    fn hashed(&self) -> &Q {
        self
    }

    fn matches(&self, key: &K) -> bool {
        self.equivalent(key)
    }

    fn own(&mut self) -> K {
        (*self).to_owned()
    }
}

/// An owned key stays with the call unless it goes into the table, so that it is not dropped under
/// the lock.
impl<K: Eq + Hash> Lookup<K> for Option<K> {
    type Hashed = K;

    /// The key itself and not the `Option`, whose hash would differ from that of a borrowed key.
    fn hashed(&self) -> &K {
        let Some(key) = self else {
            unreachable!("a call is hashed before it joins")
        };
        key
    }

    fn matches(&self, key: &K) -> bool {
        self.as_ref() == Some(key)
    }

    fn own(&mut self) -> K {
        let Some(key) = self.take() else {
            unreachable!("a call joins once")
        };
        key
    }
}

/// What the output of a load means to a group.
pub trait Meaning<T, V, E> {
    fn outcome(output: T) -> Outcome<V, E>;

    fn failed(output: &T) -> bool;
}

/// The output is the value: the load cannot fail.
pub struct Value;

/// The output is a value or the backend's error.
pub struct Fallible;

/// The output is an outcome already, of a stage below.
pub(crate) struct Staged;

impl<V, E> Meaning<V, V, E> for Value {
    fn outcome(output: V) -> Outcome<V, E> {
        Ok(output)
    }

    fn failed(_: &V) -> bool {
        false
    }
}

impl<V, E> Meaning<Result<V, E>, V, E> for Fallible {
    fn outcome(output: Result<V, E>) -> Outcome<V, E> {
        output.map_err(LoadError::from)
    }

    fn failed(output: &Result<V, E>) -> bool {
        output.is_err()
    }
}

impl<V, E> Meaning<Outcome<V, E>, V, E> for Staged {
    fn outcome(output: Outcome<V, E>) -> Outcome<V, E> {
        output
    }

    fn failed(output: &Outcome<V, E>) -> bool {
        output.is_err()
    }
}

//! Many concurrent loads of one key become one.
//!
//! Reach for it where an expired cache entry, a cold start or a popular key would send the same
//! query to a backend a thousand times at once. The first call of a key loads, the others follow
//! it, and all get one answer. A call that nobody joins allocates nothing but its key and clones
//! nothing; a follower costs about as much as the wake it needs anyway. Whatever happens to a
//! leader (it is dropped, panics, hangs), its followers are not stranded.
//!
//! It is not a cache: when a load has ended, the next call loads anew. It shares one answer among
//! callers, so whatever tells tenants or permissions apart belongs in the key.
//!
//! * [`Singleflight`], a group of calls; [`Builder`], its settings; [`ConfigError`], those that
//!   make no sense.
//! * [`Work`], a call as a future; [`WithInfo`], one that tells its [`Role`] and more in [`Info`].
//! * [`Detached`], a call whose load outlives its callers as [`Cancel`] says.
//! * [`Joined`], the explicit roles: [`Leader`] publishes or hands over, [`Follower`] waits for
//!   what [`Waited`] tells.
//! * [`Coalesced`], a group in front of a [`Load`](forebay_core::Load), which is a `Load` again.
//! * [`OnTimeout`], [`OnLeaderLost`], [`Handover`], [`OnFailure`], [`WhenFull`], the policies.
//! * [`Stats`], what a group has done.
//! * [`Runtime`], where time comes from and tasks go, with [`BoxFuture`] and [`RuntimeGone`].
//! * With features, `TokioRuntime`, and `SingleflightLayer` for tower with its service and future.
//!
//! # Examples
//!
//! ```
//! use std::sync::Arc;
//!
//! use forebay_singleflight::Singleflight;
//!
//! #[derive(Debug)]
//! struct DatabaseError;
//!
//! /// Stands for a query.
//! async fn query(id: u64) -> Result<Arc<str>, DatabaseError> {
//!     if id == 0 { Err(DatabaseError) } else { Ok(Arc::from(format!("user {id}"))) }
//! }
//!
//! let users = Singleflight::<u64, Arc<str>, DatabaseError>::new();
//! let user = futures::executor::block_on(users.try_work(&7, || query(7)));
//! assert_eq!(&*user.unwrap(), "user 7");
//! ```
//!
//! # Joining
//!
//! A call joins at its first poll; one that was never polled holds nothing. A call first polled
//! after any caller of a flight has its answer begins a new one, because a flight leaves the table
//! before its followers are woken.
//!
//! # Cancellation
//!
//! Dropping a follower takes it out in constant time. When a leader is dropped, its load is dropped
//! first and then its seat becomes vacant: the youngest follower, who has most of its own deadline
//! left, is woken and loads with its own closure. Any poll, spurious or of a new caller, may take
//! the seat before it does, and a woken follower that is dropped passes the wake on. So a row of
//! callers whose deadlines pass one after another costs few loads, not one each.
//!
//! A load in place runs while its caller is polled. A leader that is kept but not polled any more
//! stalls its followers; a bound on waiting or a detached load helps.
//!
//! # Failure
//!
//! A load that fails gives one error to all callers, shared and not cloned. One that panics gives
//! the panic to its caller and [`Panicked`](forebay_core::LoadError::Panicked) to the others. Both
//! are one load in total unless [`OnFailure::Promote`] lets followers try.
//!
//! # Waiting
//!
//! [`Builder::follower_timeout`] and [`Work::timeout`] bound how long a call follows another.
//! Followers leave their deadline beside their waker and share one timer for each group, so a
//! bound costs a look at the clock. Deadlines are kept to the millisecond.
//!
//! # Locks and foreign code
//!
//! Under a lock run only a key's `Eq` and `ToOwned` and a waker's `clone`; if one of them panics,
//! nothing is left half done. Hashing, loads, wakes and every drop happen outside. A load that asks
//! for its own key from within fails with [`Cycle`](forebay_core::LoadError::Cycle); loads that
//! wait for one another across tasks are not detected.
//!
//! # Memory
//!
//! A group holds one row for each key in flight and one waker for each follower, and gives the
//! memory back after a burst. Nothing else grows: bound the callers, or the loads with
//! [`Builder::max_leaders`].
//!
//! # Comparison
//!
//! Where `uniflight`, `async_singleflight` and the loaders inside caches wake every follower when a
//! leader is lost, this wakes one; where they load once for each follower of a key that panics or
//! of a backend that is down, this loads once. Caches such as `moka` and `quick_cache` keep values,
//! which this does not: put one inside or in front. `docs/COMPARE.md` in the repository has the
//! measurements.
//!
//! # Crate features
//!
//! None is on by default, and without them the crate runs on any executor.
//!
//! * `tokio`: `TokioRuntime`, which is then the default.
//! * `tracing`: a debug span `singleflight.load` for each load, which the spans of the callers that
//!   it answered follow from.
//! * `metrics`: counters and a histogram, named in the README, for the recorder that is installed
//!   when a group is built.
//! * `tower`: `SingleflightLayer`.
#![forbid(unsafe_code)]

mod singleflight;
mod roles;
mod work;
mod info;
mod detached;
mod leader;
mod follower;
mod coalesced;
#[cfg(feature = "tower")]
mod tower;
mod builder;
mod policy;
mod stats;

mod group;
mod table;
mod permits;
mod observe;

pub use crate::builder::Builder;
pub use crate::coalesced::Coalesced;
pub use crate::detached::Detached;
pub use crate::follower::{Follower, Waited};
pub use crate::info::{Info, Role};
pub use crate::leader::Leader;
pub use crate::policy::{Cancel, Handover, OnFailure, OnLeaderLost, OnTimeout, WhenFull};
pub use crate::roles::Joined;
pub use crate::singleflight::Singleflight;
pub use crate::stats::Stats;
#[cfg(feature = "tower")]
pub use crate::tower::{ResponseFuture, SingleflightLayer, SingleflightService};
pub use crate::work::{WithInfo, Work};
#[doc(inline)]
pub use forebay_core::ConfigError;
#[cfg(feature = "tokio")]
#[doc(inline)]
pub use forebay_rt::TokioRuntime;
#[doc(inline)]
pub use forebay_rt::{BoxFuture, Runtime, RuntimeGone};

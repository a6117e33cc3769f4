//! What every `CheckpointStore` must do.
//!
//! * [`Fixture`], how the checks come by stores: the only thing to be written.
//! * [`violations`], which runs every named check and returns a [`Violation`] for each that is
//!   broken; [`checks`], their names.
//! * [`Listing`] and [`listing_violations`], for stores that list their keys and label them, with
//!   [`Listed`], one key of a list; [`Watching`] and [`watching_violations`], for those whose keys
//!   can be watched.
//! * [`replay`], which carries out a [`Script`], made of [`Step`]s and [`Point`]s, on a store and on
//!   a naive model, and compares every answer. Scripts are made from any bytes, so property tests and
//!   fuzzers find and shrink them.
//!
//! Each check begins with a store of its own. Those that need several handles, claims, or that a
//! store outlasts its process, pass where the fixture says that there is no such thing.

/// Names the checks of a module, in the order in which they are run, with a function that runs them.
macro_rules! checks {
    (of $trait:ident: $($check:ident),* $(,)?) => {
        pub(super) const NAMES: &[&str] = &[$(stringify!($check)),*];

        /// Adds what is broken.
        pub(super) async fn check<S: $trait>(
            fixture: &S,
            violations: &mut Vec<crate::checkpoint_store::found::Violation>,
        ) {
            $(
                if let Err(found) = $check(fixture).await {
                    let check = stringify!($check);
                    violations.push(crate::checkpoint_store::found::Violation::new(check, found));
                }
            )*
        }
    };
}

mod calls;
mod cancelling;
mod claiming;
mod committing;
mod committing_many;
mod found;
mod listing;
mod model;
mod removing;
mod replay;
mod resetting;
mod script;
mod sharing;
mod fixture;
mod surviving;
mod watching;

pub use self::fixture::Fixture;
pub use self::found::Violation;
pub use self::listing::{Listed, Listing};
pub use self::replay::replay;
pub use self::script::{Point, Script, Step};
pub use self::watching::Watching;

/// Runs every check that any store must pass, and returns what is broken, in their order.
///
/// # Panics
///
/// Where the store panics.
///
/// # Cancel safety
///
/// Dropping the future leaves stores behind in the middle of a check, and nothing else.
///
/// # Examples
///
/// See [`Fixture`].
pub async fn violations<S: Fixture>(fixture: &S) -> Vec<Violation> {
    let mut violations = Vec::new();
    committing::check(fixture, &mut violations).await;
    committing_many::check(fixture, &mut violations).await;
    removing::check(fixture, &mut violations).await;
    resetting::check(fixture, &mut violations).await;
    sharing::check(fixture, &mut violations).await;
    surviving::check(fixture, &mut violations).await;
    cancelling::check(fixture, &mut violations).await;
    claiming::check(fixture, &mut violations).await;
    violations
}

/// Runs the checks of stores that list their keys, and returns what is broken, in their order.
///
/// # Panics
///
/// Where the store panics.
///
/// # Cancel safety
///
/// As [`violations`].
///
/// # Examples
///
/// See [`Listing`].
pub async fn listing_violations<S: Listing>(fixture: &S) -> Vec<Violation> {
    let mut violations = Vec::new();
    listing::check(fixture, &mut violations).await;
    violations
}

/// Runs the checks of stores whose keys can be watched, and returns what is broken, in their order.
///
/// # Panics
///
/// Where the store panics.
///
/// # Cancel safety
///
/// As [`violations`].
///
/// # Examples
///
/// See [`Watching`].
pub async fn watching_violations<S: Watching>(fixture: &S) -> Vec<Violation> {
    let mut violations = Vec::new();
    watching::check(fixture, &mut violations).await;
    violations
}

/// Returns the names of all checks, for those who keep a list of what their store does not do.
///
/// # Examples
///
/// ```
/// use forebay_testkit::checkpoint_store::checks;
///
/// assert!(checks().any(|check| check == "a_lower_commit_changes_nothing"));
/// ```
pub fn checks() -> impl Iterator<Item = &'static str> {
    let modules = [
        committing::NAMES,
        committing_many::NAMES,
        removing::NAMES,
        resetting::NAMES,
        sharing::NAMES,
        surviving::NAMES,
        cancelling::NAMES,
        claiming::NAMES,
        listing::NAMES,
        watching::NAMES,
    ];
    modules.into_iter().flatten().copied()
}

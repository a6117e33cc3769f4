use forebay_core::{Checkpoint, CheckpointStore, ResumeKey};

use crate::checkpoint_store::calls::{KEY, OTHER_KEY, advanced, at, commits, holds};
use crate::checkpoint_store::fixture::{ErrorOf, Fixture};
use crate::checkpoint_store::found::{Checked, expect, succeed};
use crate::checkpoint_store::surviving::survives;

checks! {
    of Listing:
    every_key_is_listed_once_and_in_order,
    what_is_listed_is_what_is_stored,
    a_removed_key_is_not_listed,
    a_label_is_listed_and_moves_nothing,
    a_key_may_have_a_label_before_it_has_a_position,
    a_label_is_replaced_and_taken_away,
    commits_and_resets_keep_the_label,
    a_removal_takes_the_label,
    labels_survive,
}

/// What the checks need besides of stores that list their keys and give them labels.
///
/// The trait of the core has neither, since an engine may have no way to list; so the fixture says
/// here what they are called in the store that is checked. Keys must come in the order of their
/// bytes, each once, and a label must move no position.
///
/// # Examples
///
/// For a store in a map, beside the [`Fixture`] that it has already:
///
/// ```
/// # mod shelf {
/// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/shelf.rs"));
/// # }
/// # use forebay_core::ResumeKey;
/// # use shelf::{OtherLog, Row, Shelf, Shelves};
/// use forebay_testkit::checkpoint_store::{Listed, Listing, listing_violations};
///
/// impl Listing for Shelves {
///     async fn list(&self, shelf: &Shelf) -> Result<Vec<Listed>, OtherLog> {
///         let rows = shelf.rows.lock().unwrap();
///         let is_listed = |row: &Row| row.checkpoint.is_some() || row.label.is_some();
///         let listed = rows.iter().filter(|(_, row)| is_listed(row));
///         let listed = listed.map(|(key, row)| {
///             Listed::new(*key, row.checkpoint.clone(), row.label.as_deref())
///         });
///         Ok(listed.collect())
///     }
///
///     async fn label(
///         &self,
///         shelf: &Shelf,
///         key: &ResumeKey,
///         label: Option<&str>,
///     ) -> Result<(), OtherLog> {
///         let mut rows = shelf.rows.lock().unwrap();
///         rows.entry(*key).or_default().label = label.map(str::to_owned);
///         Ok(())
///     }
/// }
///
/// let violations = futures::executor::block_on(listing_violations(&Shelves::default()));
/// assert_eq!(violations, []);
/// ```
pub trait Listing: Fixture {
    /// Returns all keys that have a position or a label, in the order in which the store lists them.
    ///
    /// # Errors
    ///
    /// As the store's.
    ///
    /// # Cancel safety
    ///
    /// The checks do not drop it before it is done.
    fn list(&self, store: &Self::Store)
    -> impl Future<Output = Result<Vec<Listed>, ErrorOf<Self>>>;

    /// Gives a key a label, or takes it away. The key need not have a position, and a label may be
    /// empty or outside of ASCII.
    ///
    /// # Errors
    ///
    /// As the store's.
    ///
    /// # Cancel safety
    ///
    /// The checks do not drop it before it is done.
    fn label(
        &self,
        store: &Self::Store,
        key: &ResumeKey,
        label: Option<&str>,
    ) -> impl Future<Output = Result<(), ErrorOf<Self>>>;
}

/// One key of a list, made by [`Listing::list`] of what the store has for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    key: ResumeKey,
    checkpoint: Option<Checkpoint>,
    label: Option<String>,
}

impl Listed {
    /// Creates what is listed of a key: what is stored under it, and its label.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::ResumeKey;
    /// use forebay_testkit::checkpoint_store::Listed;
    ///
    /// let listed = Listed::new(ResumeKey::from_bytes([7; 32]), None, Some("orders"));
    /// assert_ne!(listed, Listed::new(ResumeKey::from_bytes([8; 32]), None, Some("orders")));
    /// ```
    #[must_use]
    pub fn new(key: ResumeKey, checkpoint: Option<Checkpoint>, label: Option<&str>) -> Self {
        Self {
            key,
            checkpoint,
            label: label.map(str::to_owned),
        }
    }
}

async fn lists<S: Listing>(fixture: &S, store: &S::Store, expected: &[Listed]) -> Checked {
    let listed = succeed("list", fixture.list(store).await)?;
    expect("list", &*listed, expected)
}

async fn labels<S: Listing>(fixture: &S, store: &S::Store, label: Option<&str>) -> Checked {
    succeed("label", fixture.label(store, &KEY, label).await)
}

/// The order is that of their bytes, as that of their text is.
async fn every_key_is_listed_once_and_in_order<S: Listing>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    lists(fixture, &store, &[]).await?;
    let key = |byte| ResumeKey::from_bytes([byte; 32]);
    for byte in [3, 255, 0, 128, 7, 3] {
        let commit = store.commit(&key(byte), at(u64::from(byte))).await;
        succeed("commit", commit)?;
    }
    let sorted = [0, 3, 7, 128, 255].map(|byte| {
        let stored = at(u64::from(byte));
        Listed::new(key(byte), Some(stored), None)
    });
    lists(fixture, &store, &sorted).await
}

async fn what_is_listed_is_what_is_stored<S: Listing>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let first = at(41).with_event_id("first");
    commits(&store, first.clone(), advanced(None)).await?;
    lists(fixture, &store, &[Listed::new(KEY, Some(first), None)]).await?;
    let second = at(42).with_event_id("second");
    commits(&store, second.clone(), advanced(Some(41))).await?;
    lists(fixture, &store, &[Listed::new(KEY, Some(second), None)]).await
}

async fn a_removed_key_is_not_listed<S: Listing>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    succeed("commit", store.commit(&OTHER_KEY, at(7)).await)?;
    succeed("remove", store.remove(&KEY).await)?;
    let other = Listed::new(OTHER_KEY, Some(at(7)), None);
    lists(fixture, &store, &[other]).await
}

async fn a_label_is_listed_and_moves_nothing<S: Listing>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    labels(fixture, &store, Some("orders, Europe \u{1f980}")).await?;
    let listed = Listed::new(KEY, Some(at(42)), Some("orders, Europe \u{1f980}"));
    lists(fixture, &store, &[listed]).await?;
    commits(&store, at(43), advanced(Some(42))).await
}

async fn a_key_may_have_a_label_before_it_has_a_position<S: Listing>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    labels(fixture, &store, Some("orders")).await?;
    lists(fixture, &store, &[Listed::new(KEY, None, Some("orders"))]).await?;
    holds(&store, &KEY, None).await?;
    commits(&store, at(0), advanced(None)).await
}

async fn a_label_is_replaced_and_taken_away<S: Listing>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    for label in [Some("orders"), Some("invoices"), Some("")] {
        labels(fixture, &store, label).await?;
        lists(fixture, &store, &[Listed::new(KEY, None, label)]).await?;
    }
    labels(fixture, &store, None).await?;
    lists(fixture, &store, &[]).await
}

async fn commits_and_resets_keep_the_label<S: Listing>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    labels(fixture, &store, Some("orders")).await?;
    commits(&store, at(42), advanced(None)).await?;
    let listed = Listed::new(KEY, Some(at(42)), Some("orders"));
    lists(fixture, &store, &[listed]).await?;
    succeed("reset", store.reset(&KEY, at(3)).await)?;
    let listed = Listed::new(KEY, Some(at(3)), Some("orders"));
    lists(fixture, &store, &[listed]).await
}

/// It may be somebody else's key when it comes back.
async fn a_removal_takes_the_label<S: Listing>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    labels(fixture, &store, Some("orders")).await?;
    succeed("remove", store.remove(&KEY).await)?;
    lists(fixture, &store, &[]).await?;
    commits(&store, at(3), advanced(None)).await?;
    lists(fixture, &store, &[Listed::new(KEY, Some(at(3)), None)]).await
}

async fn labels_survive<S: Listing>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    if !survives(&store) {
        return Ok(());
    }
    labels(fixture, &store, Some("orders")).await?;
    commits(&store, at(42), advanced(None)).await?;
    let store = fixture.reopen(store).await;
    let listed = Listed::new(KEY, Some(at(42)), Some("orders"));
    lists(fixture, &store, &[listed]).await?;
    labels(fixture, &store, None).await?;
    let store = fixture.reopen(store).await;
    lists(fixture, &store, &[Listed::new(KEY, Some(at(42)), None)]).await
}

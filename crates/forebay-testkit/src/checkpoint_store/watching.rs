use forebay_core::{Checkpoint, CheckpointStore, Commit, ResumeKey};

use crate::checkpoint_store::calls::{KEY, OTHER_KEY, advanced, at, commits};
use crate::checkpoint_store::fixture::Fixture;
use crate::checkpoint_store::found::{Checked, expect, succeed};

checks! {
    of Watching:
    a_watch_begins_with_what_is_stored,
    a_watch_gives_the_newest_state_and_none_between,
    a_watch_is_told_of_removals_and_resets,
    a_watch_is_told_what_other_handles_do,
    a_watch_says_nothing_where_nothing_changed,
    a_watch_that_was_dropped_takes_nothing_from_another,
}

/// What the checks need besides of stores whose keys can be watched.
///
/// A watch is for who wants to know where a consumer is: it gives the newest state, leaves out what
/// came between, and never holds up who commits.
///
/// # Examples
///
/// A store in a map, which is watched by looking again, beside the [`Fixture`] that it has already:
///
/// ```
/// # mod shelf {
/// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/shelf.rs"));
/// # }
/// # use forebay_core::{Checkpoint, ResumeKey};
/// # use shelf::{Shelf, Shelves};
/// use forebay_testkit::checkpoint_store::{Watching, watching_violations};
///
/// pub struct Watch {
///     shelf: Shelf,
///     key: ResumeKey,
///     given: Option<Option<Checkpoint>>,
/// }
///
/// impl Watching for Shelves {
///     type Watch = Watch;
///
///     fn watch(&self, shelf: &Shelf, key: &ResumeKey) -> Watch {
///         Watch { shelf: shelf.clone(), key: *key, given: None }
///     }
///
///     async fn news(&self, watch: &mut Watch) -> Option<Option<Checkpoint>> {
///         let rows = watch.shelf.rows.lock().unwrap();
///         let state = rows.get(&watch.key).and_then(|row| row.checkpoint.clone());
///         let is_news = watch.given.as_ref() != Some(&state);
///         is_news.then(|| watch.given.insert(state).clone())
///     }
/// }
///
/// let violations = futures::executor::block_on(watching_violations(&Shelves::default()));
/// assert_eq!(violations, []);
/// ```
pub trait Watching: Fixture {
    /// What follows one key.
    type Watch;

    /// Begins to follow a key. The first news is what is stored at this moment.
    fn watch(&self, store: &Self::Store, key: &ResumeKey) -> Self::Watch;

    /// Returns the newest state that the watch has not given yet, which may be that nothing is
    /// stored; `None` where there is no such state.
    ///
    /// It is called after the change that is to be seen was acknowledged, and waits for no further
    /// one. Where news take their time, so does this: a store that polls would poll once here, and
    /// one that is told by a server would wait until it has heard of the last change.
    ///
    /// # Cancel safety
    ///
    /// The checks do not drop it before it is done.
    fn news(&self, watch: &mut Self::Watch) -> impl Future<Output = Option<Option<Checkpoint>>>;
}

async fn tells<S: Watching>(
    fixture: &S,
    watch: &mut S::Watch,
    expected: Option<Option<Checkpoint>>,
) -> Checked {
    expect("a watch", fixture.news(watch).await, expected)
}

async fn a_watch_begins_with_what_is_stored<S: Watching>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let mut watch = fixture.watch(&store, &KEY);
    tells(fixture, &mut watch, Some(None)).await?;
    tells(fixture, &mut watch, None).await?;
    commits(&store, at(42), advanced(None)).await?;
    let mut watch = fixture.watch(&store, &KEY);
    tells(fixture, &mut watch, Some(Some(at(42)))).await?;
    tells(fixture, &mut watch, None).await
}

async fn a_watch_gives_the_newest_state_and_none_between<S: Watching>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let mut watch = fixture.watch(&store, &KEY);
    commits(&store, at(1), advanced(None)).await?;
    commits(&store, at(2), advanced(Some(1))).await?;
    commits(&store, at(3), advanced(Some(2))).await?;
    tells(fixture, &mut watch, Some(Some(at(3)))).await?;
    tells(fixture, &mut watch, None).await?;
    commits(&store, at(4), advanced(Some(3))).await?;
    tells(fixture, &mut watch, Some(Some(at(4)))).await
}

async fn a_watch_is_told_of_removals_and_resets<S: Watching>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    let mut watch = fixture.watch(&store, &KEY);
    tells(fixture, &mut watch, Some(Some(at(42)))).await?;
    succeed("reset", store.reset(&KEY, at(3)).await)?;
    tells(fixture, &mut watch, Some(Some(at(3)))).await?;
    succeed("remove", store.remove(&KEY).await)?;
    tells(fixture, &mut watch, Some(None)).await
}

async fn a_watch_is_told_what_other_handles_do<S: Watching>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let Some(sibling) = fixture.sibling(&store).await else {
        return Ok(());
    };
    let mut watch = fixture.watch(&store, &KEY);
    tells(fixture, &mut watch, Some(None)).await?;
    let answers = sibling.commit_many(vec![(OTHER_KEY, at(7)), (KEY, at(42))]);
    succeed("commit_many", answers.await)?;
    tells(fixture, &mut watch, Some(Some(at(42)))).await
}

async fn a_watch_says_nothing_where_nothing_changed<S: Watching>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    commits(&store, at(42), advanced(None)).await?;
    let mut watch = fixture.watch(&store, &KEY);
    tells(fixture, &mut watch, Some(Some(at(42)))).await?;
    let unchanged = || Commit::Unchanged { current: at(42) };
    commits(&store, at(42).with_event_id("late"), unchanged()).await?;
    commits(&store, at(3), unchanged()).await?;
    succeed("commit", store.commit(&OTHER_KEY, at(43)).await)?;
    tells(fixture, &mut watch, None).await
}

async fn a_watch_that_was_dropped_takes_nothing_from_another<S: Watching>(fixture: &S) -> Checked {
    let store = fixture.fresh().await;
    let first = fixture.watch(&store, &KEY);
    let mut second = fixture.watch(&store, &KEY);
    commits(&store, at(42), advanced(None)).await?;
    drop(first);
    tells(fixture, &mut second, Some(Some(at(42)))).await?;
    commits(&store, at(43), advanced(Some(42))).await?;
    tells(fixture, &mut second, Some(Some(at(43)))).await
}

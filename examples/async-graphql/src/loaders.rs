//! What a request loads rows with.

use std::collections::HashMap;
use std::sync::Arc;

use forebay_batch::{Batcher, ConfigError, PerRequest};
use forebay_core::{Answers, LoadBatch};

use crate::database::{Database, DatabaseError, PostRow, UserRow};

/// The batchers of one request.
///
/// They live as long as the request, and so does what they remember: within it every row is read
/// once, and the next request sees what is stored by then.
#[derive(Clone, Debug)]
pub struct Loaders {
    /// Users by their key.
    pub users: Batcher<i64, Arc<UserRow>, DatabaseError>,
    /// The posts of a user, by the user's key.
    pub posts_of: Batcher<i64, Arc<[PostRow]>, DatabaseError>,
}

impl Loaders {
    /// Creates what one request needs.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the settings below made no sense.
    pub fn new(database: &Arc<Database>) -> Result<Self, ConfigError> {
        Ok(Self {
            users: Batcher::builder(Users(Arc::clone(database)))
                .name("users")
                .max_batch(500)
                .cache(PerRequest::new())
                .build()?,
            posts_of: Batcher::builder(PostsOf(Arc::clone(database)))
                .name("posts_of")
                .max_batch(100)
                .cache(PerRequest::new())
                .build()?,
        })
    }
}

struct Users(Arc<Database>);

impl LoadBatch<i64> for Users {
    type Value = Arc<UserRow>;
    type Error = DatabaseError;

    async fn load_batch(
        &self,
        ids: &[i64],
        answers: &mut Answers<'_, i64, Arc<UserRow>, DatabaseError>,
    ) -> Result<(), DatabaseError> {
        // Rows may come in any order; users that are not there are left out.
        for row in self.0.users_by_id(ids)? {
            let id = row.id;
            answers.insert(&id, Arc::new(row));
        }
        Ok(())
    }
}

struct PostsOf(Arc<Database>);

impl LoadBatch<i64> for PostsOf {
    type Value = Arc<[PostRow]>;
    type Error = DatabaseError;

    async fn load_batch(
        &self,
        authors: &[i64],
        answers: &mut Answers<'_, i64, Arc<[PostRow]>, DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let mut posts = HashMap::<i64, Vec<PostRow>>::new();
        for row in self.0.posts_by_author(authors)? {
            posts.entry(row.author).or_default().push(row);
        }
        for (position, author) in authors.iter().enumerate() {
            let posts = posts.remove(author).unwrap_or_default();
            answers.set(position, posts.into());
        }
        Ok(())
    }
}

//! The GraphQL types. Each resolver asks for one row, as if it were alone.

use std::sync::Arc;

use async_graphql::{Context, EmptySubscription, Object, Request, Result, Schema};
use forebay_batch::ConfigError;

use crate::database::{Database, PostRow, UserRow};
use crate::loaders::Loaders;

/// How deep a query may go. Each level multiplies what is returned, though not what is read.
const DEPTH_MAX: usize = 10;

/// The whole schema.
pub type Blog = Schema<Query, Mutation, EmptySubscription>;

/// Creates the schema over a database.
#[must_use]
pub fn blog(database: Arc<Database>) -> Blog {
    Schema::build(Query, Mutation, EmptySubscription)
        .data(database)
        .limit_depth(DEPTH_MAX)
        .finish()
}

/// Creates a request with loaders of its own, as the handler of a web server would.
///
/// # Errors
///
/// [`ConfigError`] if the settings of the loaders made no sense.
pub fn request(database: &Arc<Database>, query: &str) -> std::result::Result<Request, ConfigError> {
    Ok(Request::new(query).data(Loaders::new(database)?))
}

/// What can be asked for.
#[derive(Debug)]
pub struct Query;

#[Object]
impl Query {
    async fn posts(&self, cx: &Context<'_>) -> Result<Vec<Post>> {
        let rows = cx.data::<Arc<Database>>()?.posts()?;
        Ok(rows.into_iter().map(Post).collect())
    }

    async fn user(&self, cx: &Context<'_>, id: i64) -> Result<Option<User>> {
        let row = cx.data::<Loaders>()?.users.load(&id).await?;
        Ok(row.map(User))
    }
}

/// What can be changed.
#[derive(Debug)]
pub struct Mutation;

#[Object]
impl Mutation {
    async fn rename(&self, cx: &Context<'_>, id: i64, name: String) -> Result<Option<User>> {
        let row = cx.data::<Arc<Database>>()?.rename(id, &name)?;
        let row = row.map(Arc::new);
        // Whoever asks for the user later in this request gets the new name.
        cx.data::<Loaders>()?.users.replace(id, row.clone());
        Ok(row.map(User))
    }
}

struct User(Arc<UserRow>);

#[Object]
impl User {
    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn posts(&self, cx: &Context<'_>) -> Result<Vec<Post>> {
        let rows = cx.data::<Loaders>()?.posts_of.load(&self.0.id).await?;
        Ok(rows
            .into_iter()
            .flat_map(|rows| rows.to_vec())
            .map(Post)
            .collect())
    }
}

struct Post(PostRow);

#[Object]
impl Post {
    async fn title(&self) -> &str {
        &self.0.title
    }

    async fn author(&self, cx: &Context<'_>) -> Result<Option<User>> {
        let row = cx.data::<Loaders>()?.users.load(&self.0.author).await?;
        Ok(row.map(User))
    }
}

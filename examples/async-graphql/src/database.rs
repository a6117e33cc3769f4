//! Stands for a database: two tables behind a function for each statement.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A row of the table `users`.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// The primary key.
    pub id: i64,
    /// What the user is called.
    pub name: String,
}

/// A row of the table `posts`.
#[derive(Clone, Debug)]
pub struct PostRow {
    /// The primary key.
    pub id: i64,
    /// Who wrote it; there may be no such user any more.
    pub author: i64,
    /// What it is called.
    pub title: String,
}

/// How a statement fails.
#[derive(Debug)]
pub struct DatabaseError;

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the database is gone")
    }
}

impl std::error::Error for DatabaseError {}

/// Two tables and a log of the statements.
#[derive(Debug)]
pub struct Database {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    users: Vec<UserRow>,
    posts: Vec<PostRow>,
    statements: Vec<String>,
    is_gone: bool,
}

impl Database {
    /// Creates a database of three users and six posts, one of them by somebody who has left.
    #[must_use]
    pub fn with_samples() -> Self {
        let users = [(1, "Ada"), (2, "Grace"), (3, "Barbara")];
        let posts = [
            (10, 1, "Notes on the engine"),
            (11, 2, "A compiler"),
            (12, 1, "Bernoulli numbers"),
            (13, 3, "Abstraction"),
            (14, 2, "A moth in the relay"),
            (15, 9, "Farewell"),
        ];
        let user = |(id, name): (i64, &str)| UserRow {
            id,
            name: name.to_owned(),
        };
        let post = |(id, author, title): (i64, i64, &str)| PostRow {
            id,
            author,
            title: title.to_owned(),
        };
        let tables = Tables {
            users: users.map(user).into(),
            posts: posts.map(post).into(),
            ..Tables::default()
        };
        Self {
            tables: Mutex::new(tables),
        }
    }

    /// Returns the statements since the last time, in order.
    pub fn take_statements(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().statements)
    }

    /// Lets every further statement fail.
    pub fn disconnect(&self) {
        self.lock().is_gone = true;
    }

    /// Lets further statements succeed again.
    pub fn reconnect(&self) {
        self.lock().is_gone = false;
    }

    pub(crate) fn posts(&self) -> Result<Vec<PostRow>, DatabaseError> {
        let tables = self.execute("SELECT * FROM posts".to_owned())?;
        Ok(tables.posts.clone())
    }

    pub(crate) fn users_by_id(&self, ids: &[i64]) -> Result<Vec<UserRow>, DatabaseError> {
        let statement = format!("SELECT * FROM users WHERE id IN {ids:?}");
        let tables = self.execute(statement)?;
        let rows = tables.users.iter().filter(|row| ids.contains(&row.id));
        Ok(rows.cloned().collect())
    }

    pub(crate) fn posts_by_author(&self, ids: &[i64]) -> Result<Vec<PostRow>, DatabaseError> {
        let statement = format!("SELECT * FROM posts WHERE author IN {ids:?}");
        let tables = self.execute(statement)?;
        let rows = tables.posts.iter().filter(|row| ids.contains(&row.author));
        Ok(rows.cloned().collect())
    }

    pub(crate) fn rename(&self, id: i64, name: &str) -> Result<Option<UserRow>, DatabaseError> {
        let statement = format!("UPDATE users SET name = {name:?} WHERE id = {id} RETURNING *");
        let mut tables = self.execute(statement)?;
        let row = tables.users.iter_mut().find(|row| row.id == id);
        Ok(row.map(|row| {
            name.clone_into(&mut row.name);
            row.clone()
        }))
    }

    fn execute(&self, statement: String) -> Result<MutexGuard<'_, Tables>, DatabaseError> {
        let mut tables = self.lock();
        let is_gone = tables.is_gone;
        if is_gone {
            // One line, however many fields wait for its rows.
            tracing::error!("{DatabaseError}: {statement}");
        }
        tables.statements.push(statement);
        if is_gone {
            return Err(DatabaseError);
        }
        Ok(tables)
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

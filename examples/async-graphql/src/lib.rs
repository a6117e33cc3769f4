//! A GraphQL schema of users and posts whose nested fields become few statements.
//!
//! * [`schema`]: the GraphQL types; each resolver asks for one row, as if it were alone.
//! * [`loaders`]: what a request loads rows with, one [`Batcher`](forebay_batch::Batcher) for each
//!   kind.
//! * [`database`]: stands for a database, and lists the statements that it was sent.
#![forbid(unsafe_code)]

pub mod schema;
pub mod loaders;
pub mod database;

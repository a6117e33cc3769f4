//! Runs one nested query and shows which statements it took.

use std::error::Error;
use std::sync::Arc;

use forebay_example_async_graphql::database::Database;
use forebay_example_async_graphql::schema::{blog, request};

const QUERY: &str = "{ posts { title author { name posts { title author { name } } } } }";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_target(false)
        .with_writer(std::io::stderr)
        .init();
    let database = Arc::new(Database::with_samples());
    let schema = blog(Arc::clone(&database));

    let response = schema.execute(request(&database, QUERY)?).await;
    println!("{QUERY}\n\n{}\n", response.data);

    let statements = database.take_statements();
    println!("took {} statements:", statements.len());
    for statement in statements {
        println!("  {statement}");
    }
    Ok(())
}

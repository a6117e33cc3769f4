//! Which statements a query takes, and that its answer is right.

use std::io::{self, Write};
use std::process::Command;
use std::sync::{Arc, Mutex};

use forebay_example_async_graphql::database::Database;
use forebay_example_async_graphql::schema::{blog, request};
use serde_json::{Value, json};

/// Executes a query as a request of its own; returns the data, the errors and the statements.
async fn execute(database: &Arc<Database>, query: &str) -> (Value, Vec<String>, Vec<String>) {
    let schema = blog(Arc::clone(database));
    let response = schema.execute(request(database, query).unwrap()).await;
    let errors = response.errors.iter().map(|error| error.message.clone());
    let errors = errors.collect();
    let data = response.data.into_json().unwrap();
    (data, errors, database.take_statements())
}

fn database() -> Arc<Database> {
    Arc::new(Database::with_samples())
}

#[tokio::test]
async fn each_level_of_a_query_takes_one_statement() {
    let query = "{ posts { title author { name posts { title } } } }";
    let (data, errors, statements) = execute(&database(), query).await;
    assert_eq!(errors, Vec::<String>::new());
    let posts = data["posts"].as_array().unwrap();
    assert_eq!(posts.len(), 6);
    let grace = json!({
        "name": "Grace",
        "posts": [{ "title": "A compiler" }, { "title": "A moth in the relay" }],
    });
    assert_eq!(posts[1], json!({ "title": "A compiler", "author": grace }));
    assert_eq!(posts[4]["author"], grace);
    let expected = [
        "SELECT * FROM posts",
        "SELECT * FROM users WHERE id IN [1, 2, 3, 9]",
        "SELECT * FROM posts WHERE author IN [1, 2, 3]",
    ];
    assert_eq!(statements, expected);
}

#[tokio::test]
async fn row_that_was_read_is_not_read_again() {
    let query = "{ posts { author { posts { author { posts { author { name } } } } } } }";
    let (_, errors, statements) = execute(&database(), query).await;
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(statements.len(), 3);
}

#[tokio::test]
async fn fields_side_by_side_share_a_statement() {
    let query = "{ a: user(id: 1) { name } b: user(id: 2) { name } c: user(id: 1) { name } }";
    let (data, _, statements) = execute(&database(), query).await;
    let ada = json!({ "name": "Ada" });
    assert_eq!(
        data,
        json!({ "a": ada, "b": { "name": "Grace" }, "c": ada })
    );
    assert_eq!(statements, ["SELECT * FROM users WHERE id IN [1, 2]"]);
}

#[tokio::test]
async fn author_who_has_left_is_null_and_no_error() {
    let (data, errors, _) = execute(&database(), "{ posts { author { name } } }").await;
    assert_eq!(data["posts"][5], json!({ "author": null }));
    assert_eq!(errors, Vec::<String>::new());
}

#[tokio::test]
async fn requests_remember_nothing_of_each_other() {
    let database = database();
    let query = "{ user(id: 1) { name } }";
    let rename = r#"mutation { rename(id: 1, name: "Augusta") { name } }"#;
    assert_eq!(execute(&database, query).await.0["user"]["name"], "Ada");
    execute(&database, rename).await;
    let (data, _, statements) = execute(&database, query).await;
    assert_eq!(data["user"]["name"], "Augusta");
    assert_eq!(statements.len(), 1);
}

#[tokio::test]
async fn request_reads_what_it_wrote() {
    let query = r#"mutation {
        first: rename(id: 1, name: "Augusta") { posts { author { name } } }
        second: rename(id: 1, name: "Ada Augusta") { posts { author { name } } }
    }"#;
    let (data, _, statements) = execute(&database(), query).await;
    let posts = |name| json!({ "posts": vec![json!({ "author": { "name": name } }); 2] });
    assert_eq!(data["first"], posts("Augusta"));
    assert_eq!(data["second"], posts("Ada Augusta"));
    assert!(
        statements
            .iter()
            .all(|statement| !statement.contains("FROM users"))
    );
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn failed_statement_is_the_error_of_a_field_and_one_line_in_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _subscribed = tracing::subscriber::set_default(subscriber);
    let database = database();
    database.disconnect();
    let query = "{ a: user(id: 1) { name } b: user(id: 2) { name } }";
    let (_, errors, statements) = execute(&database, query).await;
    assert_eq!(
        errors.first().map(String::as_str),
        Some("the backend failed")
    );
    assert_eq!(statements.len(), 1);
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let reason = "the database is gone: SELECT * FROM users WHERE id IN [1, 2]";
    assert!(lines[0].ends_with(reason), "{lines:?}");

    // A request that comes when the database is back knows nothing of it.
    database.reconnect();
    let (data, errors, _) = execute(&database, query).await;
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(data["a"]["name"], "Ada");
    assert_eq!(log.lines().len(), 1);
}

#[tokio::test]
async fn query_that_makes_no_sense_is_refused_before_anything_is_read() {
    let database = database();
    let deep = format!(
        "{{ posts {} }}",
        "{ author { posts ".repeat(6) + "{ title }" + &"} }".repeat(6)
    );
    for query in [
        "",
        "{ user(id: 1) { name }",
        "{ user { name } }",
        "{ user(id: \"seven\") { name } }",
        "{ user(id: 1.5) { name } }",
        "{ user(id: 9223372036854775808) { name } }",
        "{ user(id: 1) { password } }",
        "mutation { rename(id: null, name: \"x\") { name } }",
        deep.as_str(),
    ] {
        let (_, errors, statements) = execute(&database, query).await;
        assert_eq!(errors.len(), 1, "{query}");
        assert_eq!(statements, Vec::<String>::new(), "{query}");
    }
    let (data, errors, _) = execute(&database, "{ user(id: -1) { name } }").await;
    assert_eq!((&data["user"], errors.len()), (&Value::Null, 0));
    let (data, _, _) = execute(&database, "{ user(id: 1) { name } }").await;
    assert_eq!(data["user"]["name"], "Ada");
}

#[test]
fn program_shows_the_three_statements() {
    let program = env!("CARGO_BIN_EXE_forebay-example-async-graphql");
    let output = Command::new(program).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(printed.contains("took 3 statements:"), "{printed}");
}

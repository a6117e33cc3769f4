// What stands for a database in the examples of the documentation: users up to 99, and a connection
// that breaks when it is asked for the user zero.

use forebay_core::{Answers, LoadBatch};

struct Users;

impl LoadBatch<u64> for Users {
    type Value = String;
    type Error = std::io::Error;

    async fn load_batch(
        &self,
        ids: &[u64],
        answers: &mut Answers<'_, u64, String, std::io::Error>,
    ) -> Result<(), std::io::Error> {
        if ids.contains(&0) {
            return Err(std::io::ErrorKind::NotConnected.into());
        }
        for id in ids.iter().filter(|id| **id < 100) {
            answers.insert(id, format!("user {id}"));
        }
        Ok(())
    }
}

// What stands for a database in the examples of the documentation: each row gets the number that it
// has within its call, and one without a name is refused.

use forebay_batch::{Execute, ExecuteResults};

struct Inserts;

impl Execute<&'static str> for Inserts {
    type Output = usize;
    type Error = std::io::Error;

    async fn execute(&self, names: Vec<&'static str>) -> ExecuteResults<usize, std::io::Error> {
        let refused = || Err(std::io::ErrorKind::InvalidInput.into());
        let rows = names.iter().enumerate();
        Ok(rows.map(|(at, name)| if name.is_empty() { refused() } else { Ok(at) }).collect())
    }
}

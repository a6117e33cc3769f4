use crate::report::model::Report;

/// The body of an `all` report: other reports, each the answer to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct All {
    /// The questions, in the order in which they were asked.
    pub parts: Vec<Part>,
}

/// One question, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What was asked, in a few words.
    pub question: String,
    /// The command that asks it alone, and finds the same.
    pub command: String,
    /// The answer, or why there is none.
    pub result: Result<Report, String>,
}

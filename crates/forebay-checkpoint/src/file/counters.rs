//! What an engine has done.

use forebay_core::Commit;

use crate::file::decide::Answer;
use crate::file::job::Job;

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counters {
    pub(crate) commits: u64,
    pub(crate) unchanged: u64,
    /// Calls that were answered with an error.
    pub(crate) refused: u64,
    pub(crate) blocks: u64,
    pub(crate) bytes: u64,
    pub(crate) syncs: u64,
    pub(crate) foreign_blocks: u64,
    pub(crate) torn_tails: u64,
    pub(crate) torn_bytes: u64,
    pub(crate) replacements: u64,
    pub(crate) failures: u64,
    /// Failures that were made up for, so that nothing is in doubt.
    pub(crate) healed: u64,
    pub(crate) salvages: u64,
    /// Records of a damaged file whose key is not known.
    pub(crate) lost_records: u64,
    pub(crate) lock_waits: u64,
}

impl Counters {
    pub(crate) fn count(&mut self, jobs: &[Job]) {
        for result in jobs.iter().filter_map(|job| job.result.as_ref()) {
            let Ok(answers) = result else {
                self.refused += 1;
                continue;
            };
            for answer in answers {
                match answer {
                    Answer::Commit(Commit::Advanced { .. }) => self.commits += 1,
                    Answer::Commit(_) => self.unchanged += 1,
                    _ => {}
                }
            }
        }
    }
}

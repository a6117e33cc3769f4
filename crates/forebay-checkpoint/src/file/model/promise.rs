//! What a store has promised, by what everybody was told.

use std::hash::{DefaultHasher, Hash, Hasher};

use forebay_core::ResumeKey;

use crate::file::decide::{Answer, Wish};
use crate::file::job::Job;
use crate::file::model::naive::Naive;
use crate::file::table::Table;

/// One way in which it may have gone: the states since the last that is durable, the last of which
/// holds now.
#[derive(Clone, Debug, PartialEq)]
struct Course(Vec<Naive>);

/// All ways in which it may have gone.
#[derive(Clone)]
pub(crate) struct Promise {
    courses: Vec<Course>,
    /// What is being done and was not answered, by process.
    doing: Vec<(u32, Vec<Vec<Wish>>)>,
    /// What nobody was told an answer to.
    lost: Vec<Vec<Wish>>,
    /// All claims that anybody was told.
    claims: Vec<(ResumeKey, u64)>,
    /// How many times it was told something.
    told: u64,
    violation: Option<String>,
}

impl Default for Promise {
    fn default() -> Self {
        Self {
            courses: vec![Course(vec![Naive::default()])],
            doing: Vec::new(),
            lost: Vec::new(),
            claims: Vec::new(),
            told: 0,
            violation: None,
        }
    }
}

impl Promise {
    pub(crate) fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.violation.is_none() {
            self.violation = Some(what());
        }
    }

    pub(crate) fn violation(&self) -> Result<(), String> {
        self.violation.clone().map_or(Ok(()), Err)
    }

    pub(crate) const fn told(&self) -> u64 {
        self.told
    }

    pub(crate) fn claims(&self) -> &[(ResumeKey, u64)] {
        &self.claims
    }

    pub(crate) fn lost(&self) -> &[Vec<Wish>] {
        &self.lost
    }

    /// A process begins to do something.
    pub(crate) fn begin(&mut self, process: u32, jobs: &[Job]) {
        let wishes = jobs.iter().map(|job| job.wishes.clone());
        self.doing.push((process, wishes.collect()));
        self.told += 1;
    }

    /// It has answers, or died without. With `synced`, all that holds is durable.
    pub(crate) fn end(&mut self, process: u32, jobs: &[Job], synced: bool) {
        self.doing.retain(|(other, _)| *other != process);
        let before = std::mem::take(&mut self.courses);
        for course in &before {
            for state in course.now().after(jobs) {
                let mut next = course.clone();
                if synced {
                    next.0.clear();
                }
                if next.0.last() != Some(&state) {
                    next.0.push(state);
                }
                if !self.courses.contains(&next) {
                    self.courses.push(next);
                }
            }
        }
        let holds = !self.courses.is_empty();
        self.expect(holds, || format!("{jobs:?} in {before:?}"));
        let unanswered = jobs.iter().filter(|job| job.result.is_none());
        self.lost.extend(unanswered.map(|job| job.wishes.clone()));
        for (wish, answer) in jobs.iter().flat_map(answers) {
            match answer {
                Answer::Claimed { epoch, .. } => self.claims.push((wish.key, *epoch)),
                Answer::Reset { epoch } if wish.claim.is_some() => {
                    self.claims.push((wish.key, *epoch));
                }
                _ => {}
            }
        }
        self.told += 1;
    }

    /// Somebody has read this under the lock; with `synced`, and made it durable.
    pub(crate) fn observe(&mut self, table: &Table, synced: bool) {
        let before = self.courses.clone();
        self.courses.retain_mut(|course| {
            let shows = course.0.last_mut().is_some_and(|now| now.shows(table));
            if synced && shows {
                course.0.drain(..course.0.len() - 1);
            }
            shows
        });
        let holds = !self.courses.is_empty();
        self.expect(holds, || format!("{table:?} is none of {before:?}"));
        self.told += 1;
    }

    /// The machine stops: any state since the last durable one may be left.
    pub(crate) fn lose_power(&mut self) {
        let states = self.courses.iter().flat_map(|course| course.0.clone());
        let mut left: Vec<Course> = states.map(|state| Course(vec![state])).collect();
        left.dedup();
        self.courses = left;
        self.told += 1;
    }

    /// Whether it may be that nothing was ever stored.
    pub(crate) fn may_be_empty(&self) -> bool {
        self.courses.iter().any(|course| course.now().is_empty())
    }

    /// What it is if all processes stop here.
    pub(crate) fn stopped(&self) -> Self {
        let mut stopped = self.clone();
        for (process, wishes) in &self.doing {
            let jobs = wishes.iter().cloned().map(|wishes| Job::new(wishes, false));
            stopped.end(*process, &jobs.collect::<Vec<_>>(), false);
        }
        stopped
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for course in &self.courses {
            course.0.hash(&mut hasher);
        }
        self.claims.hash(&mut hasher);
        format!("{:?}", self.lost).hash(&mut hasher);
        hasher.finish()
    }
}

impl Course {
    fn now(&self) -> &Naive {
        self.0.last().unwrap()
    }
}

fn answers(job: &Job) -> Vec<(&Wish, &Answer)> {
    let Some(Ok(answers)) = &job.result else {
        return Vec::new();
    };
    job.wishes.iter().zip(answers).collect()
}

//! A worker, a replica, and now and then the service are killed with the signal that cannot be
//! caught, while writers write, and are started again.
//!
//! * Nothing lost: what was acknowledged is in the log, in the state, and applied by the worker.
//! * Nothing skipped: the worker has applied each change right after the one before it.
//! * Applied twice is what followed the last commit before a kill, and nothing else.
//! * A replica is equal to the source, wherever it was killed while it caught up.
//!
//! Time is counted in changes: a round is 1,000 of them, and stands for a second. Processes are
//! killed after so many changes, or so many steps of catching up, as the seed says. What they are
//! doing then depends on the machine, and all of this holds whatever it is.

mod numbers;
mod stage;
mod source;
mod journal;
mod rounds;
mod directed;

//! What goes wrong, and what is said to whom about it.
//!
//! * A request that makes no sense gets the status that says so, and one line in the log.
//! * A position that is of no use is refused, or the watcher is told to start anew.
//! * Without room, or without its database, the service refuses writes and goes on to be read; when
//!   there is room again, it writes again.
//! * A worker without room waits, and loses nothing; with a file that is none it says so and ends.
//! * Who follows a service that is gone waits for it, and goes on where it was; who was away for
//!   too long begins with the state.
//! * Who follows is told when the service ends.
//! * Of two workers with one name, the later one takes over; of two services over one database, the
//!   earlier one stays.
//! * What keeps a process from starting is named in one line.

mod site;
mod starts;
mod requests;
mod positions;
mod room;
mod gone;

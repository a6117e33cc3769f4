//! What every subcommand that measures needs, whatever it measures.
//!
//! * `run`, what comes before and after; `contestant`, what takes turns; `rounds`, what runs when;
//!   `progress`, how far it is.
//! * `clock`, `latencies`, `processor` and `shards`, with which it is measured.
//! * `under_way`, tasks that are waited for, and `drivers`, tasks that run when they are told to.
//! * `interrupt`, Ctrl-C; `machine` and `terminal`.

pub(crate) mod clock;
pub(crate) mod contestant;
pub(crate) mod drivers;
pub(crate) mod interrupt;
pub(crate) mod latencies;
pub(crate) mod machine;
pub(crate) mod meter;
pub(crate) mod processor;
pub(crate) mod progress;
pub(crate) mod rounds;
pub(crate) mod run;
pub(crate) mod shards;
pub(crate) mod terminal;
pub(crate) mod under_way;

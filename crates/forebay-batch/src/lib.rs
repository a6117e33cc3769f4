//! Loads of different keys become one backend call, with no waiting when idle; mutations too.
#![forbid(unsafe_code)]

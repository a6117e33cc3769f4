//! The tower layer.
//!
//! * Requests with one key share a response; a request without a key goes straight through.
//! * Followers need no readiness of the inner service and hold no permit of it.
//! * Readiness never spins, and an inner service that fails to get ready fails its requests.

use std::collections::VecDeque;

//! Values that are followed as Server-Sent Events, and resumed after a disconnect.
//!
//! * [`sse`]: the part to copy; a feed of a [`Hub`](forebay_events::Hub) becomes a response.
//! * [`server`]: the routes, and an end that does not wait for readers.
//! * [`board`]: stands for a service with a state that people follow.
#![forbid(unsafe_code)]

pub mod sse;
pub mod server;
pub mod board;

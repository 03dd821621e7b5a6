//! What somebody who means harm can do: nothing to anybody's call, and little at his own cost.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "abuse/bench.rs"]
mod bench;
#[path = "abuse/doors.rs"]
mod doors;
#[path = "abuse/flood.rs"]
mod flood;

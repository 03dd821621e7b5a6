//! Sight: logs, metrics, ladders.

mod ladder;
mod logs;
pub mod metrics;

pub use ladder::{Ladder, summary};
pub use logs::{message, start_logs};

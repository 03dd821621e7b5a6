//! Sight: logs, metrics, ladders.

mod ladder;
mod logs;
pub mod metrics;

pub use ladder::{Ladder, summary};
pub use logs::start_logs;

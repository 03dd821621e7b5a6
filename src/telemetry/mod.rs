//! Sight: logs, metrics, ladders.

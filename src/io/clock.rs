//! The one clock: the wall's time at start plus monotonic time since.

use crate::time::Time;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Never runs backwards, whatever is done to the wall clock meanwhile.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::disallowed_methods)]
pub struct Clock {
    wall: Time,
    start: Instant,
}

impl Clock {
    #[must_use]
    #[allow(clippy::disallowed_methods)]
    pub fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { wall: Time::default() + wall, start: Instant::now() }
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.wall + self.start.elapsed()
    }
}

//! Who gets the next contact: queues, agents, routing profiles, offers.
//!
//! Status is what the human says, state is what the switch sees. A contact waits in a standard queue or in an agent's
//! own; the longest idle agent whose profile serves it is offered it. What an event costs depends on how many queues
//! the agents concerned serve, never on how many contacts wait.

mod agent;
mod hours;
mod queue;
mod router;
mod setup;
mod sight;
mod status;

pub use agent::{AVAILABLE, OFFLINE, State, Trouble};
pub use hours::Hours;
pub use queue::{Arrival, Precedence, Target, Way};
pub use router::{Out, Refused, Router};
pub use setup::{AfterCallWork, AgentSetup, Profile, QueueSetup, Served, Setup};
pub use sight::Metrics;
pub use status::{NoStatus, STATES, status};

#[cfg(test)]
mod tests;

//! The Amazon Connect Flow language: model, loader, check, interpreter.
//!
//! A [`Flow`] is loaded once and never changes. A [`Run`] is one walk through it: plain data that asks its host for one
//! [`Step`] at a time and is told how that went. It knows no call, no queue and no clock. A new action is a variant in
//! the file of its family under `action/`, and whatever the host must do for it a variant of [`Effect`].

mod action;
mod check;
mod fault;
mod load;
mod model;
mod run;
mod speech;
mod template;

pub use action::{Effect, Hook, Message, Metric, Recorded, Step, Target};
pub use check::{Names, check};
pub use fault::Fault;
pub use load::load;
pub use model::{ErrorType, Flow, FlowType};
pub use run::{Ending, Outcome, Run};
pub use speech::{Speech, Spoken, Unspoken};
pub use template::Data;

#[cfg(test)]
mod tests;

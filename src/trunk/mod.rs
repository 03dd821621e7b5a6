//! The world outside: which trunk leads to a number, where its hosts are, which of them are up, and who calls from there.
//!
//! [`Trunks`] knows all of them and is asked and told by value; names become addresses by questions that somebody with a
//! socket answers.

mod health;
mod locate;
mod number;
mod registration;
mod setup;
mod trunks;

pub use health::State;
pub use locate::{Answer, Question, Record, Server};
pub use number::Rewrite;
pub use registration::Registered;
pub use setup::{Login, Place, TrunkSetup};
pub use trunks::{Errand, Failure, NoWay, Out, Standing, Trunks, Way};

//! The story language: who does what when, and who must hear whom.
//!
//! A story is a text that a tester reads without a manual (docs/stories.md is there all the same). [`parse()`] makes it
//! data; [`play`] plays it on a [`Stage`] and judges it by what the phones hear, see and show.

pub mod buttons;
pub mod cast;
pub mod evidence;
pub mod fault;
pub mod habits;
mod head;
pub mod hearing;
mod judge;
mod judge_hearing;
pub mod keys;
pub mod network;
pub mod outside;
mod parse;
pub mod recorded;
mod rows;
mod run;
pub mod script;
pub mod signals;
mod stage;
pub mod states;
pub mod virtual_stage;
mod words;

pub use evidence::Evidence;
pub use fault::Fault;
pub use parse::parse;
pub use run::{Failure, Told, play};
pub use script::{Party, Story};
pub use stage::Stage;

//! The story language: who does what when, and who must hear whom.
//!
//! A story is a text that a tester reads without a manual (docs/stories.md is there all the same). [`parse`] makes it
//! data; a runner plays it on a stage and judges it by what the phones hear, see and show.

pub mod buttons;
pub mod fault;
pub mod head;
pub mod hearing;
pub mod keys;
pub mod parse;
pub mod script;
pub mod signals;
pub mod states;
pub mod words;

pub use fault::Fault;
pub use parse::parse;
pub use script::{Party, Story};

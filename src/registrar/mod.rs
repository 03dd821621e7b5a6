//! Where an agent's phones are (RFC 3261 section 10).
//!
//! Who may register is settled before: this room takes what an authenticated agent's REGISTER asks for, keeps the
//! bindings, and tells which agents became reachable and which no longer are.

mod binding;
mod guesses;
mod kept;
#[allow(clippy::module_inception)]
mod registrar;

pub use binding::{Binding, Contact, Contacts, Register};
pub use guesses::Guesses;
pub use kept::Kept;
pub use registrar::{Change, Refused, Registrar};

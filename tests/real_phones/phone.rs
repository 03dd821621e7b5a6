//! What a hand does at a softphone, whichever it is.

use super::hearing::Records;
use super::lab::Lab;

pub trait Phone: Records {
    /// A new call, which need not be answered.
    fn dial(&mut self, lab: &Lab, number: &str);

    /// Waits until it rings once more.
    fn rings(&mut self);

    fn answer(&mut self);

    fn hold(&mut self);

    fn resume(&mut self);

    /// Its Transfer key in the call that it talks in.
    fn transfer(&mut self, lab: &Lab, number: &str);

    /// Keys on its keypad.
    fn dial_keys(&mut self, keys: &str);

    /// Waits until it was sent a key so many times.
    fn gets_key(&self, key: char, times: usize);

    fn hang_up(&mut self);

    /// Waits until one more of its calls is over, and not by an error.
    fn has_ended(&mut self);
}

/// A customer reaches John.
pub fn they_talk(lab: &Lab, customer: &mut dyn Phone, john: &mut dyn Phone) {
    customer.dial(lab, "1000");
    john.rings();
    john.answer();
    lab.hears_parties("john", "customer", 1);
}

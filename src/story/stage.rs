//! Where a story is played: what a stage must be able to do, in virtual time or over real sockets.

use super::evidence::Evidence;
use super::keys::Key;
use super::script::Party;
use crate::engine::Button;
use crate::ids::PromptId;
use crate::site::Site;
use crate::time::Time;

pub trait Stage {
    fn now(&self) -> Time;

    /// Lets time pass until then, and notes what was observed.
    fn run(&mut self, until: Time, evidence: &mut Evidence);

    /// A hand at a phone. Fails when the phone cannot do that now.
    fn key(&mut self, party: &Party, key: &Key, evidence: &mut Evidence) -> Result<(), String>;

    /// Digits are still on their way out of this phone.
    fn is_keying(&self, party: &Party) -> bool;

    /// A button on an agent's screen; the error is why it was refused.
    fn press(&mut self, agent: &Party, button: Button, evidence: &mut Evidence) -> Result<(), String>;

    /// The installation that is played on.
    fn site(&self) -> &Site;

    /// The prompt of this file name, if the installation has it.
    fn prompt(&self, file: &str) -> Option<PromptId> {
        let prompt = PromptId::from(file);
        self.site().library.clip(&prompt).map(|_| prompt)
    }

    /// The prompt that speaks these words.
    fn spoken(&self, words: &str) -> Option<PromptId> {
        self.site().catalog.speech.recording(words).cloned()
    }

    /// The address of a quick connect, for a call to it.
    fn quick_connect(&self, id: &str) -> String {
        format!("sip:qc-{id}@{}", self.site().sip.domain)
    }
}

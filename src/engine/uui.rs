//! User-to-User: what one end tells the other unseen, from INVITE to INVITE and from BYE to BYE (RFC 7433).

use super::{CallId, Engine};
use crate::ids::{ConnectionId, ContactId};
use crate::sip::{Name, Request, Text};

pub(super) const USER_TO_USER: &str = "User-to-User";

impl Engine {
    /// What a caller's INVITE says to whoever will answer it.
    pub(super) fn keep_user_to_user(&mut self, connection: ConnectionId, request: &Request) {
        let name = Name::from(USER_TO_USER);
        let said = request.headers.lines(&name).map(|data| Text::from(data.as_bytes().to_vec())).collect();
        if let Some(line) = self.lines.get_mut(&connection) {
            line.user_to_user = said;
        }
    }

    /// What goes along to a new party: a transferor's word before that of the one who waits for her, or of the customer.
    pub(super) fn along(&self, call: CallId, contact: ContactId) -> Vec<(Name, Text)> {
        let mut headers = self.referred(call);
        let name = Name::from(USER_TO_USER);
        if headers.iter().any(|(found, _)| *found == name) {
            return headers;
        }
        let call = self.calls.get(&call);
        let party = call.and_then(|call| Some(call.contacts().get(&contact)?.party));
        let customer = call.and_then(|call| call.customer()).map(|c| c.id);
        let said = |id| self.lines.get(&id).map(|line| &line.user_to_user).filter(|said| !said.is_empty());
        let said = party.and_then(said).or_else(|| customer.and_then(said));
        headers.extend(said.into_iter().flatten().map(|data| (name.clone(), data.clone())));
        headers
    }

    /// A BYE that ends the call for everybody says to the others what it said to us.
    pub(super) fn pass_farewell(&mut self, call: CallId, from: ConnectionId, farewell: Option<Text>) {
        let Some(call) = self.calls.get(&call).filter(|call| call.is_over()) else { return };
        for id in call.connections().keys().filter(|id| **id != from) {
            if let Some(line) = self.lines.get_mut(id) {
                line.farewell.clone_from(&farewell);
            }
        }
    }
}

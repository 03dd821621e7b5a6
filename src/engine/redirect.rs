//! A call outside that is sent on to somebody else (RFC 3261 section 8.1.3.4): only where it might have gone at first.

use super::{CallId, Engine};
use crate::ids::{ConnectionId, LegId};
use crate::limits::{REDIRECTS, TRIES};
use crate::sip::{Name, NameAddr, Response};
use crate::trunk::Way;
use tracing::{info, warn};

impl Engine {
    /// Goes where a 3xx says: to another of the trunk's own hosts, or to another number that the prefixes allow. Whatever
    /// else stands in there is nobody's to decide but ours.
    pub(super) fn redirected(
        &mut self,
        leg: LegId,
        (call, connection): (CallId, ConnectionId),
        response: &Response,
    ) -> bool {
        let Some(hunt) = self.lines.get(&connection).and_then(|line| line.hunt.clone()) else { return false };
        let Some(at) = hunt.now_at.clone() else { return false };
        let mut asked = hunt.asked;
        if !asked.contains(&place(&at)) {
            asked.push(place(&at));
        }
        let mut ways: Vec<Way> = Vec::new();
        for to in wanted(response) {
            let Some(user) = to.uri.user() else { continue };
            let Some(trunk) = self.trunks.setup(&at.trunk).cloned() else { return false };
            let number = trunk.e164(&user);
            if asked.len() > REDIRECTS {
                warn!(contact = %hunt.contact, number, "redirected more often than it is followed");
                break;
            }
            let Ok(number) = self.trunks.allowed(&number) else {
                warn!(contact = %hunt.contact, to = %to.uri, "refused: a redirect outside of the allowed prefixes may be toll fraud");
                continue;
            };
            let there = self.trunks.server_at(&at.trunk, &to.uri).filter(|_| trunk.allows(&number));
            let found = match there {
                Some(server) => vec![Way { trunk: at.trunk.clone(), server, uri: to.uri.clone().without_headers() }],
                None => self.trunks.ways(self.now, &number).unwrap_or_default(),
            };
            for way in found {
                if !asked.contains(&place(&way)) && ways.len() < TRIES {
                    asked.push(place(&way));
                    ways.push(way);
                }
            }
        }
        if ways.is_empty() {
            return false;
        }
        info!(contact = %hunt.contact, trunk = %at.trunk, "a call outside is redirected");
        if let Some(hunt) = self.lines.get_mut(&connection).and_then(|line| line.hunt.as_mut()) {
            hunt.asked = asked;
            hunt.left = ways.into();
        }
        self.drop_leg(leg, connection);
        self.try_next(call, connection)
    }
}

fn place(way: &Way) -> String {
    format!("{} {}", way.server, way.uri)
}

/// Where it is sent, the most wanted first.
fn wanted(response: &Response) -> Vec<NameAddr> {
    let mut contacts = response.headers.addresses(&Name::Contact, "Contact").unwrap_or_default();
    let q = |to: &NameAddr| to.params.get("q").and_then(|q| q.as_str().parse::<f32>().ok()).unwrap_or(1.0);
    contacts.retain(|to| to.uri.is_sip() || to.uri.scheme == crate::sip::Scheme::Tel);
    contacts.sort_by(|a, b| q(b).total_cmp(&q(a)));
    contacts
}

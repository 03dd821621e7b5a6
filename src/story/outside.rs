//! The far ends of the trunks: in a story they are phones of its own.

use super::script::{Role, Story};
use crate::ids::TrunkId;
use crate::sip::Host;
use crate::site::Site;
use crate::trunk::{Place, TrunkSetup};
use std::net::SocketAddr;

/// The installation with the story's phones at the ends of its trunks. A trunk at whose end nobody of the story is would
/// only be asked whether it is there, by everybody and for nothing: it is left out.
#[must_use]
pub fn with_far_ends(mut site: Site, story: &Story, sip: impl Fn(usize) -> SocketAddr) -> Site {
    let mut trunks: Vec<TrunkSetup> = Vec::new();
    for (number, member) in story.members.iter().enumerate() {
        let here = |place: &Place| place.host.ip() == Some(sip(number).ip()) && place.port == Some(sip(number).port());
        let named = site.trunks.iter().filter(|trunk| trunk.hosts.iter().any(here));
        let known = |trunk: &&TrunkSetup| !trunks.iter().any(|other| other.id == trunk.id);
        let named: Vec<TrunkSetup> = named.filter(known).cloned().collect();
        if named.is_empty()
            && let (Role::Outside, Some(called)) = (member.role, &member.of)
        {
            let fits = |trunk: &&TrunkSetup| trunk.allows(called.as_str());
            let longest = |trunk: &&TrunkSetup| trunk.prefixes.iter().map(String::len).max();
            let Some(trunk) = site.trunks.iter().filter(fits).max_by_key(longest) else { continue };
            let hosts = vec![Place { host: Host::from(sip(number).ip()), port: Some(sip(number).port()) }];
            // The second at the end of one trunk gets a trunk for himself.
            let (id, prefixes) = if trunks.iter().any(|other| other.id == trunk.id) {
                (TrunkId::from(format!("{}-{}", trunk.id, member.party)), vec![called.as_str().to_owned()])
            } else {
                (trunk.id.clone(), trunk.prefixes.clone())
            };
            trunks.push(TrunkSetup { id, hosts, prefixes, ..trunk.clone() });
        }
        trunks.extend(named);
    }
    site.trunks = trunks;
    site
}

//! What the switch remembers of an agent beyond its own end: his status, and where his phones are.

use super::{Engine, Output, Work};
use crate::ids::AgentId;
use crate::registrar::Kept;
use crate::routing;
use crate::sip::Link;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    pub agent: String,
    /// The status he will be in once he is free.
    pub status: String,
    pub phones: Vec<Kept>,
    /// In microseconds since 1970.
    pub changed: u64,
}

impl Engine {
    /// Tells what has changed of an agent. It is urgent unless a phone has only registered again.
    pub(super) fn remember(&mut self, agent: &AgentId) {
        let (Some(status), Some(desk)) = (self.router.status(agent), self.desks.get_mut(agent)) else { return };
        let memory = Memory {
            agent: agent.to_string(),
            status: self.router.next_status(agent).unwrap_or(status).to_owned(),
            phones: self.registrar.bindings(agent).iter().map(Kept::from).collect(),
            changed: desk.remembered.as_ref().map_or(0, |memory| memory.changed),
        };
        let before = desk.remembered.as_ref();
        if before == Some(&memory) {
            return;
        }
        let urgent = before.is_none_or(|before| {
            before.status != memory.status
                || !before.phones.iter().map(Kept::place).eq(memory.phones.iter().map(Kept::place))
        });
        let memory = Memory { changed: self.now.micros(), ..memory };
        desk.remembered = Some(memory.clone());
        self.outputs.push_back(Output::Remember(Box::new(memory), urgent));
    }

    /// How the agents were when the switch ended. A phone whose registration has run out meanwhile, or whose connection
    /// ended with the switch, is not there.
    pub(super) fn restore(&mut self, memories: Vec<Memory>) {
        for memory in memories {
            let agent = AgentId::from(memory.agent.as_str());
            if !self.site.agents.contains_key(&agent) {
                continue;
            }
            let phones: Vec<_> = memory.phones.iter().filter_map(|kept| self.still_there(kept)).collect();
            info!(%agent, status = memory.status, phones = phones.len(), "remembered");
            let mut changes = Vec::new();
            self.registrar.restore(&agent, phones, &mut changes);
            self.work.extend(changes.into_iter().map(Work::Registrar));
            match routing::status(&memory.status) {
                Ok(status) => self.set_status(&agent, status),
                Err(why) => warn!(%agent, status = memory.status, %why, "a status that is none; the initial one holds"),
            }
            if let Some(desk) = self.desks.get_mut(&agent) {
                desk.remembered = Some(memory);
            }
        }
    }

    fn still_there(&self, kept: &Kept) -> Option<crate::registrar::Binding> {
        let mut binding = kept.binding().filter(|binding| binding.expires > self.now)?;
        let source = binding.source.filter(|link| !link.transport.is_reliable())?;
        // The switch may listen on another port now.
        let locals =
            || self.locals.iter().filter(|(transport, _)| *transport == source.transport).map(|(_, local)| *local);
        let same = locals().find(|local| *local == source.local);
        let like = || locals().find(|local| local.ip() == source.local.ip());
        binding.source = Some(Link { local: same.or_else(like)?, ..source });
        Some(binding)
    }
}

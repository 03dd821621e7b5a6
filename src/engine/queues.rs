//! The queues as a supervisor sees them.

use super::Engine;
use super::snapshot::{QueueSnapshot, WaitingSnapshot};
use crate::limits::QUEUE_LISTED;
use crate::routing::{Metrics, Target};
use crate::time::Time;

impl Engine {
    /// Every queue, in order. Time passes also while nothing happens, so it is told.
    #[must_use]
    pub fn queues(&self, now: Time) -> Vec<QueueSnapshot> {
        let mut metrics = self.router.every_queue();
        let catalog = &self.site.catalog;
        catalog
            .queues
            .iter()
            .map(|(id, queue)| {
                let setup = self.site.routing.queues.get(id).copied().unwrap_or_default();
                let hours = queue.hours.as_ref().and_then(|hours| catalog.hours.get(hours));
                let Metrics {
                    online,
                    staffed,
                    available,
                    on_contact,
                    after_contact_work,
                    non_productive,
                    error,
                    contacts,
                    oldest,
                } = metrics.remove(id).unwrap_or_default();
                QueueSnapshot {
                    id: id.to_string(),
                    name: queue.name.clone(),
                    enabled: !setup.disabled,
                    open: hours.is_none_or(|hours| hours.is_open(now)),
                    max_contacts: setup.max_contacts,
                    agents_online: online,
                    agents_staffed: staffed,
                    agents_available: available,
                    agents_on_contact: on_contact,
                    agents_after_contact_work: after_contact_work,
                    agents_non_productive: non_productive,
                    agents_error: error,
                    contacts_in_queue: contacts,
                    oldest_contact: oldest.map(|since| since.iso8601()),
                    oldest_contact_age: oldest.map_or(0, |since| now.since(since).as_secs()),
                    contacts: self.waiting(&Target::Queue(id.clone())),
                }
            })
            .collect()
    }

    fn waiting(&self, target: &Target) -> Vec<WaitingSnapshot> {
        let waiting = self.router.waiting(target).take(QUEUE_LISTED).enumerate();
        waiting
            .map(|(before, (contact, since))| WaitingSnapshot {
                contact_id: contact.to_string(),
                position: before + 1,
                enqueued_at: since.iso8601(),
            })
            .collect()
    }
}

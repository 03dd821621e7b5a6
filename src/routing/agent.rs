//! One agent as routing sees her: status, state, and when she became idle.

use super::setup::{AfterCallWork, AgentSetup};
use crate::ids::ContactId;
use crate::time::Time;
use std::fmt;

/// The status in which an agent is offered contacts.
pub const AVAILABLE: &str = "Available";
pub const OFFLINE: &str = "Offline";

/// Why an agent is not offered anything until she says so: her last offer came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// She did not answer in time.
    Missed,
    Rejected,
    /// Her phone is not where it registered.
    BadAddress,
    /// Her phone failed.
    FailedConnect,
    /// Her phone was busy at once.
    LineEngaged,
    /// She hung up before she was connected.
    HungUp,
    /// The customer whom she called did not answer,
    CustomerMissed,
    /// has no such number,
    CustomerBadAddress,
    /// could not be reached,
    CustomerFailedConnect,
    /// or was on the telephone.
    CustomerLineEngaged,
}

impl Trouble {
    /// Connect's name of the state. It has none for a rejection, which it calls missed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Trouble::Missed => "MissedCallAgent",
            Trouble::Rejected => "RejectedCallAgent",
            Trouble::BadAddress => "BadAddressAgent",
            Trouble::FailedConnect => "FailedConnectAgent",
            Trouble::LineEngaged => "LineEngagedAgent",
            Trouble::HungUp => "AgentHungUp",
            Trouble::CustomerMissed => "MissedCallCustomer",
            Trouble::CustomerBadAddress => "BadAddressCustomer",
            Trouble::CustomerFailedConnect => "FailedConnectCustomer",
            Trouble::CustomerLineEngaged => "LineEngagedCustomer",
        }
    }
}

/// What the switch sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Available,
    Offline,
    /// A status of the installation's own, in which nothing is offered.
    Custom(String),
    /// Being offered a contact.
    PendingBusy,
    /// Calling a customer who has not answered yet.
    CallingCustomer,
    /// On a contact.
    Busy,
    /// A supervisor who listens to somebody else's contact, or is called to.
    Monitoring,
    AfterCallWork,
    Trouble(Trouble),
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Available => AVAILABLE,
            State::Offline => OFFLINE,
            State::Custom(name) => name,
            State::PendingBusy => "PendingBusy",
            State::CallingCustomer => "CallingCustomer",
            State::Busy => "Busy",
            State::Monitoring => "Monitoring",
            State::AfterCallWork => "AfterCallWork",
            State::Trouble(trouble) => trouble.name(),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    Idle,
    Offered(ContactId),
    /// Calls a customer.
    Calling(ContactId),
    Busy(ContactId),
    /// Until then, or until she clears it.
    AfterCallWork(Option<Time>),
}

#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub setup: AgentSetup,
    pub status: String,
    /// Chosen while busy; it holds once she is free.
    pub next_status: Option<String>,
    pub activity: Activity,
    /// Direct calls beside the contact in hand, the last one last: she is on that when the contact is over.
    pub besides: Vec<ContactId>,
    /// The contact in hand is one of listening.
    pub monitors: Option<ContactId>,
    pub trouble: Option<Trouble>,
    pub reachable: bool,
    /// Since when she could have been offered something: the longest idle is offered first.
    pub idle_since: Time,
    /// In the idle lists of her queues, under this moment.
    pub listed: Option<Time>,
    /// No longer configured: gone when her contact is over.
    pub leaving: bool,
}

impl Agent {
    pub fn new(setup: AgentSetup, now: Time) -> Self {
        Agent {
            status: setup.initial_status.clone(),
            setup,
            next_status: None,
            activity: Activity::Idle,
            besides: Vec::new(),
            monitors: None,
            trouble: None,
            reachable: false,
            idle_since: now,
            listed: None,
            leaving: false,
        }
    }

    pub fn is_routable(&self) -> bool {
        self.activity == Activity::Idle
            && self.trouble.is_none()
            && self.reachable
            && !self.leaving
            && self.status == AVAILABLE
    }

    pub fn state(&self) -> State {
        match (self.activity, self.trouble) {
            (Activity::Offered(_), _) => State::PendingBusy,
            (Activity::Busy(contact), _) if self.monitors == Some(contact) => State::Monitoring,
            (Activity::Calling(_), _) => State::CallingCustomer,
            (Activity::Busy(_), _) => State::Busy,
            (Activity::AfterCallWork(_), _) => State::AfterCallWork,
            (Activity::Idle, Some(trouble)) => State::Trouble(trouble),
            // Whoever has no phone cannot be reached, whatever she says.
            (Activity::Idle, None) if !self.reachable => State::Offline,
            (Activity::Idle, None) => match self.status.as_str() {
                AVAILABLE => State::Available,
                OFFLINE => State::Offline,
                custom => State::Custom(custom.to_owned()),
            },
        }
    }

    /// She chooses a status: at once when she is free, else for afterwards.
    pub fn choose(&mut self, now: Time, status: &str) {
        match self.activity {
            Activity::Offered(_) | Activity::Calling(_) | Activity::Busy(_) => {
                self.next_status = (status != self.status).then(|| status.to_owned());
            }
            Activity::Idle | Activity::AfterCallWork(_) => {
                let was_routable = self.is_routable();
                self.activity = Activity::Idle;
                self.trouble = None;
                self.next_status = None;
                status.clone_into(&mut self.status);
                if !was_routable {
                    self.idle_since = now;
                }
            }
        }
    }

    /// Her contact is over. Whoever has no account any more has no work after it that anybody could wait for.
    pub fn finish(&mut self, now: Time) {
        if self.leaving || !self.besides.is_empty() {
            return self.free(now);
        }
        match self.setup.after_call_work {
            AfterCallWork::None => self.free(now),
            AfterCallWork::For(time) => self.activity = Activity::AfterCallWork(Some(now + time)),
            AfterCallWork::Manual => self.activity = Activity::AfterCallWork(None),
        }
    }

    /// What she had in hand is over.
    pub fn free(&mut self, now: Time) {
        if let Some(contact) = self.besides.pop() {
            self.activity = Activity::Busy(contact);
            return;
        }
        self.activity = Activity::Idle;
        self.idle_since = now;
        if let Some(next) = self.next_status.take() {
            self.status = next;
        }
    }
}

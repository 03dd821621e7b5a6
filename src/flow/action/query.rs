//! Actions that ask how things stand: is the queue open, how many agents and contacts does it have.

use super::parameters::{Misread, Parameters};
use super::{Act, Effect, Next, Rule, Step, Target};
use crate::flow::model::{ErrorType, FlowType};
use crate::flow::run::Outcome;
use crate::flow::template::{Data, value};

/// What CheckMetricData counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    AgentsAvailable,
    AgentsStaffed,
    AgentsOnline,
    OldestContactAge,
    ContactsInQueue,
}

impl Metric {
    const ALL: [(Metric, &'static str); 5] = [
        (Metric::AgentsAvailable, "NumberOfAgentsAvailable"),
        (Metric::AgentsStaffed, "NumberOfAgentsStaffed"),
        (Metric::AgentsOnline, "NumberOfAgentsOnline"),
        (Metric::OldestContactAge, "OldestContactInQueueAgeSeconds"),
        (Metric::ContactsInQueue, "NumberOfContactsInQueue"),
    ];
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::flow) enum Query {
    /// Of these hours, or of the target queue's. The text may be a reference still.
    Hours(Option<String>),
    /// Of this queue or agent, or of the target.
    Metric(Metric, Option<Target>),
}

impl Query {
    pub const TYPES: &'static [&'static str] = &["CheckHoursOfOperation", "CheckMetricData"];

    pub fn read(kind: &str, parameters: &Parameters<'_>) -> Option<Result<Self, Misread>> {
        Some(match kind {
            "CheckHoursOfOperation" => parameters.reference("HoursOfOperationId").map(Query::Hours),
            "CheckMetricData" => metric(parameters),
            _ => return None,
        })
    }

    pub fn rule(&self) -> Rule {
        let errors: &[ErrorType] = match self {
            Query::Hours(_) => &[ErrorType::NoMatchingError],
            Query::Metric(..) => &[ErrorType::NoMatchingCondition, ErrorType::NoMatchingError],
        };
        let allowed = &[FlowType::Inbound, FlowType::AgentTransfer, FlowType::QueueTransfer, FlowType::CustomerQueue];
        Rule { next: Next::Optional, errors, allowed }
    }

    /// Results without whose conditions Connect does not publish a flow.
    pub fn results(&self) -> &'static [&'static str] {
        match self {
            Query::Hours(_) => &["True", "False"],
            Query::Metric(..) => &[],
        }
    }

    pub fn begin(&self, data: &dyn Data) -> Act {
        let effect = match self {
            Query::Hours(None) => Some(Effect::CheckHours(None)),
            Query::Hours(Some(hours)) => value(hours, data).map(|hours| Effect::CheckHours(Some(hours))),
            Query::Metric(metric, None) => Some(Effect::Measure(*metric, None)),
            Query::Metric(metric, Some(of)) => of.known(data).map(|of| Effect::Measure(*metric, Some(of))),
        };
        effect.map_or(Act::Now(Outcome::Failed(ErrorType::NoMatchingError)), |effect| Act::Ask(Step::Do(effect)))
    }
}

fn metric(parameters: &Parameters<'_>) -> Result<Query, Misread> {
    let names = Metric::ALL.map(|(_, name)| name).join(", ");
    let cure = format!("Write one of {names}.");
    let Some(kind) = parameters.text("MetricType")? else { return Err(Misread::new("no MetricType", cure)) };
    let Some((metric, _)) = Metric::ALL.into_iter().find(|(_, name)| *name == kind) else {
        return Err(Misread::new(format!("there is no metric {kind}"), cure));
    };
    let target = Target::read(parameters, "Name one of the two, or neither for the queue that is set.")?;
    Ok(Query::Metric(metric, target))
}

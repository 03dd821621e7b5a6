//! Actions that only steer the run itself.

use super::{ALL_TYPES, Act, Next, Rule, Step};
use crate::flow::run::Ending;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) enum Control {
    End,
}

impl Control {
    pub const TYPES: &'static [&'static str] = &["EndFlowExecution"];

    pub fn read(kind: &str) -> Option<Self> {
        match kind {
            "EndFlowExecution" => Some(Control::End),
            _ => None,
        }
    }

    pub fn rule(self) -> Rule {
        match self {
            Control::End => Rule { next: Next::Terminal, errors: &[], allowed: ALL_TYPES },
        }
    }

    pub fn begin(self) -> Act {
        match self {
            Control::End => Act::Ask(Step::End(Ending::Ended)),
        }
    }
}

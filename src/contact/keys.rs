//! Feature codes: what an agent's keypad means inside a call, by RFC 4733 or INFO.

use super::{Catalog, Press};
use crate::ids::{AgentId, QuickConnectId};
use crate::limits::FEATURE_DIGITS;
use crate::time::Time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureCode {
    Join,
    Swap,
    HoldAll,
    QuickConnect,
    Drop,
    ResumeAll,
}

/// The code of each feature: `*1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureCodes(pub Vec<(String, FeatureCode)>);

impl Default for FeatureCodes {
    fn default() -> Self {
        let code = |text: &str, feature| (text.to_owned(), feature);
        FeatureCodes(vec![
            code("*1", FeatureCode::Join),
            code("*2", FeatureCode::Swap),
            code("*3", FeatureCode::HoldAll),
            code("*4", FeatureCode::QuickConnect),
            code("*5", FeatureCode::Drop),
            code("*6", FeatureCode::ResumeAll),
        ])
    }
}

/// The digits an agent has pressed that may yet become a code.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    digits: String,
    last: Option<Time>,
}

/// What a digit led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// More may come.
    Waiting,
    Press(Press),
    /// A quick-connect code that nobody has.
    Unknown(String),
    /// These digits are no code: they belong to the other party.
    Digits(String),
}

impl Keys {
    pub fn digit(&mut self, now: Time, digit: char, catalog: &Catalog, agent: &AgentId) -> Typed {
        self.digits.push(digit);
        self.last = Some(now);
        let codes = &catalog.feature_codes.0;
        if let Some((_, feature)) =
            codes.iter().find(|(code, f)| *code == self.digits && *f != FeatureCode::QuickConnect)
        {
            let press = match feature {
                FeatureCode::Join => Press::Join,
                FeatureCode::Swap => Press::Swap,
                FeatureCode::HoldAll => Press::HoldAll,
                FeatureCode::Drop => Press::DropLast,
                FeatureCode::ResumeAll | FeatureCode::QuickConnect => Press::ResumeAll,
            };
            self.clear();
            return Typed::Press(press);
        }
        let quick =
            codes.iter().find(|(code, f)| *f == FeatureCode::QuickConnect && self.digits.starts_with(code.as_str()));
        if let Some((code, _)) = quick {
            let Some(dialled) = self.digits.strip_suffix('#') else { return Typed::Waiting };
            let wanted = dialled.get(code.len()..).unwrap_or_default().to_owned();
            self.clear();
            return match find(catalog, agent, &wanted) {
                Some(id) => Typed::Press(Press::QuickConnect(id)),
                None => Typed::Unknown(wanted),
            };
        }
        if codes.iter().any(|(code, _)| code.starts_with(&self.digits)) {
            return Typed::Waiting;
        }
        Typed::Digits(self.take())
    }

    /// When the digits typed so far stop being the beginning of a code.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.last.filter(|_| !self.digits.is_empty()).map(|at| at + FEATURE_DIGITS)
    }

    /// Digits that became no code in time.
    pub fn expired(&mut self, now: Time) -> Option<String> {
        self.deadline().filter(|at| *at <= now).map(|_| self.take())
    }

    /// What has been typed so far, which is no code.
    pub fn take(&mut self) -> String {
        self.last = None;
        std::mem::take(&mut self.digits)
    }

    fn clear(&mut self) {
        self.take();
    }
}

fn find(catalog: &Catalog, agent: &AgentId, code: &str) -> Option<QuickConnectId> {
    let listed = &catalog.agents.get(agent)?.quick_connects;
    listed.iter().find(|id| catalog.quick_connects.get(*id).is_some_and(|q| q.code.as_deref() == Some(code))).cloned()
}

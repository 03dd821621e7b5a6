//! Digits for a phone, in a form that it takes: telephone-events, else INFO, else tones in its sound.

use super::{Doors, Leg};
use crate::limits::DIGITS_WAITING;
use crate::media::MediaCommand;
use crate::sip::{Method, RequestId, Status, Text};
use bytes::Bytes;
use std::collections::VecDeque;

/// Digits that go by INFO, one request after another: over UDP they would overtake each other.
#[derive(Clone, Debug, Default)]
pub struct Infos {
    waiting: VecDeque<char>,
    asked: Option<RequestId>,
}

impl Leg {
    pub fn digits(&mut self, digits: &str, doors: &mut Doors) {
        let events = self.negotiator.agreed().is_some_and(|agreed| agreed.telephone_event.is_some());
        let by_info = !events && doors.endpoint.peer(self.session).is_some_and(|p| p.allow.contains(&Method::Info));
        if !by_info {
            return self.keys(digits.to_owned(), doors);
        }
        let room = DIGITS_WAITING.saturating_sub(self.infos.waiting.len());
        self.infos.waiting.extend(digits.chars().filter(|c| is_digit(*c)).take(room));
        if self.infos.asked.is_none() {
            self.next_info(doors);
        }
    }

    /// The answer to a request of ours in the dialog.
    pub fn replied(&mut self, request: RequestId, status: Status, doors: &mut Doors) {
        if self.infos.asked != Some(request) {
            return;
        }
        self.infos.asked = None;
        let digit = self.infos.waiting.pop_front();
        if status.is_success() {
            return self.next_info(doors);
        }
        // It says that it takes INFO and does not take this: then it has to hear them.
        let rest: String = digit.into_iter().chain(std::mem::take(&mut self.infos.waiting)).collect();
        self.keys(rest, doors);
    }

    fn next_info(&mut self, doors: &mut Doors) {
        let Some(digit) = self.infos.waiting.front() else { return };
        let body = Bytes::from(format!("Signal={digit}\r\nDuration=160\r\n"));
        let kind = Text::from_static("application/dtmf-relay");
        let sent =
            doors.endpoint.request(doors.now, self.session, Method::Info, Vec::new(), Some((kind, body)), doors.sip);
        self.infos.asked = sent.ok();
    }

    /// As telephone-events or tones, whichever its port can.
    fn keys(&self, digits: String, doors: &mut Doors) {
        doors.media.push((self.shard, MediaCommand::Digits { port: self.port, digits }));
    }
}

fn is_digit(c: char) -> bool {
    matches!(c, '0'..='9' | '*' | '#' | 'A'..='D')
}

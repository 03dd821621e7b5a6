//! The media wing: what ports noticed, told to their calls; and what digits mean.

use super::{CallId, Engine};
use crate::contact::{Press, Typed};
use crate::ids::{AgentId, ConnectionId, PortId};
use crate::media::{MediaEvent, PortStats};
use crate::sip::{End, Method, Status};
use tracing::{info, warn};

impl Engine {
    pub(super) fn on_media(&mut self, event: MediaEvent) {
        let port = event.port();
        if let MediaEvent::Closed { stats, .. } = &event {
            self.port_closed(port, stats);
            if let Some(number) = self.port_numbers.remove(&port) {
                self.ports.release(self.now, number);
            }
            self.port_legs.remove(&port);
            return;
        }
        // A port whose leg is gone has nothing more to say.
        let Some(leg) = self.port_legs.get(&port).copied() else { return };
        let Some((connection, session, quiet)) =
            self.legs.get(&leg).map(|l| (l.connection, l.session, l.may_be_silent()))
        else {
            return;
        };
        let Some(call) = self.lines.get(&connection).map(|line| line.call) else { return };
        match event {
            MediaEvent::Quality { stats, .. } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.stats = Some(stats);
                }
                let agents = self.calls.get(&call).into_iter().flat_map(|call| call.connections().values());
                self.dirty.extend(agents.filter_map(|c| c.agent.clone()));
            }
            MediaEvent::Played { play, .. } => self.with_call(call, |call, cx| call.played(cx, play)),
            MediaEvent::Digit { digit, .. } => self.on_digit(connection, digit),
            MediaEvent::Silent { .. } if quiet => {
                // A phone on hold may well send nothing: it is asked whether it is still there (481 or 408: it is not).
                let _ = self.endpoint.request(self.now, session, Method::Options, Vec::new(), None, &mut self.sip_out);
            }
            MediaEvent::Silent { .. } => {
                info!(%leg, "no RTP and no RTCP for too long");
                self.end_leg(leg, End::with(Status::REQUEST_TIMEOUT).reason("SIP;cause=408;text=\"No RTP\""));
                self.with_call(call, |call, cx| call.broke(cx, connection));
            }
            MediaEvent::BindFailed { reason, .. } => {
                // Somebody else has it: this number is not taken again.
                warn!(%leg, reason, "an RTP port could not be bound; the leg takes another");
                if let Some(number) = self.port_numbers.remove(&port) {
                    self.ports.give_up(number);
                }
                self.port_legs.remove(&port);
                if let Some(number) = self.ports.take(self.now) {
                    let port = self.new_port(leg, number);
                    self.with_leg(leg, |leg, doors| leg.move_to(port, number, doors));
                    // Others hear it by its new name.
                    self.touched.insert(call);
                    return;
                }
                self.end_leg(leg, End::with(Status::SERVICE_UNAVAILABLE));
                if !self.legs_of(connection).is_empty() {
                    return; // another phone of hers rings on
                }
                self.with_call(call, |call, cx| match call.connections().get(&connection) {
                    Some(c) if c.rang(cx.now).is_some() => call.failed(cx, connection, crate::contact::Reason::Failed),
                    _ => call.broke(cx, connection),
                });
            }
            MediaEvent::FirstRtp { .. } | MediaEvent::Closed { .. } => {}
        }
    }

    /// How the leg sounded, for whoever looks into it later.
    fn port_closed(&mut self, port: PortId, stats: &PortStats) {
        let Some((contact, connection)) = self.closing.remove(&port) else { return };
        self.heard_last(connection, stats);
        if stats.packets_received + stats.packets_sent == 0 {
            return; // It never came to a conversation.
        }
        info!(
            %contact,
            %connection,
            received = stats.packets_received,
            sent = stats.packets_sent,
            lost = stats.packets_lost,
            late = stats.packets_late,
            duplicate = stats.packets_duplicate,
            refused = stats.packets_refused,
            jitter_ms = stats.jitter.as_secs_f64() * 1000.0,
            round_trip_ms = stats.round_trip.map(|span| span.as_secs_f64() * 1000.0),
            remote_lost = stats.remote.map(|(lost, _)| lost),
            mos = stats.mos,
            "sound"
        );
    }

    /// A key on a phone: part of a feature code when an agent on a contact pressed it, else for who he talks with.
    pub(super) fn on_digit(&mut self, connection: ConnectionId, digit: char) {
        let Some(call) = self.lines.get(&connection).map(|line| line.call) else { return };
        let agent = self
            .calls
            .get(&call)
            .filter(|c| c.has_buttons())
            .and_then(|c| c.connections().get(&connection))
            .and_then(|c| c.agent.clone());
        let Some(agent) = agent else {
            return self.pass_digits(connection, &digit.to_string());
        };
        if let Some(other) = self.typing.get(&agent).copied().filter(|line| *line != connection) {
            // A code is keyed on one line.
            let digits = self.desks.get_mut(&agent).map(|desk| desk.keys.take()).unwrap_or_default();
            self.pass_digits(other, &digits);
        }
        let site = self.site.clone();
        let Some(desk) = self.desks.get_mut(&agent) else { return };
        let typed = desk.keys.digit(self.now, digit, &site.catalog, &agent);
        if typed == Typed::Waiting {
            self.typing.insert(agent.clone(), connection);
        } else {
            self.typing.remove(&agent);
        }
        match typed {
            Typed::Waiting => {}
            Typed::Press(press) => self.press_by_phone(call, &agent, &press),
            Typed::Unknown(code) => info!(%agent, code, "no quick connect has this code"),
            Typed::Digits(digits) => self.pass_digits(connection, &digits),
        }
    }

    fn pass_digits(&mut self, connection: ConnectionId, digits: &str) {
        if let Some(call) = self.lines.get(&connection).map(|line| line.call) {
            self.with_call(call, |call, cx| call.digits(cx, connection, digits));
        }
    }

    fn press_by_phone(&mut self, call: CallId, agent: &AgentId, press: &Press) {
        let mut refused = None;
        self.with_call(call, |call, cx| refused = call.press(cx, agent, press).err());
        if let Some(refused) = refused {
            info!(%agent, ?press, %refused, "a feature code was refused");
        }
    }

    pub(super) fn keys_expired(&mut self) {
        let now = self.now;
        let expired: Vec<(AgentId, ConnectionId, String)> = self
            .typing
            .iter()
            .filter_map(|(agent, line)| {
                let digits = self.desks.get_mut(agent)?.keys.expired(now)?;
                Some((agent.clone(), *line, digits))
            })
            .collect();
        for (agent, line, digits) in expired {
            self.typing.remove(&agent);
            self.pass_digits(line, &digits);
        }
    }
}

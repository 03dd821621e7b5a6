//! What a demonstration prints: few words, no line wider than a terminal.

use super::loopback::{Loopback, Wire};
use super::timeline::{self, Column};
use crate::story::evidence::Seen;
use crate::story::{Evidence, Failure, Party, Stage as _, Story, Told};
use crate::telemetry::Ladder;
use crate::time::{Duration, Time};
use std::fmt::Write as _;

pub(super) const WIDTH: usize = 118;
/// More SIP messages than any story has.
const RUNGS: usize = 2_000;

/// What stands above everything.
pub(super) fn opening(story: &Story, stage: &Loopback) -> String {
    let phones: Vec<&str> = story.members.iter().map(|member| member.party.as_str()).collect();
    let text = format!(
        "Phones: {}. They are built into this program. Each hums a note of its own, and whatever reaches a phone is \
         measured: so it is certain who hears whom. Agents have buttons beside their phones. The switch runs in here \
         too, SIP on {}, buttons on http://{}, all over real sockets and in real time.",
        phones.join(", "),
        stage.sip(),
        stage.http()
    );
    let title = &story.title;
    format!("{title}\n{}\n\n{}", "=".repeat(title.chars().count().min(WIDTH)), wrapped(&text, "", ""))
}

/// One step of the story, as it happens.
pub(super) fn step(told: &Told, begin: Time) -> String {
    match told {
        Told::Phase(title) => format!("\n{}", wrapped(title, "", "")),
        Told::Did { at, text, .. } => wrapped(text, &format!("{:>7.2}  ", at.since(begin).as_secs_f64()), "         "),
        Told::Met { text, took, .. } => {
            // What goes on from before has no beginning.
            let after = if took.as_millis() == 0 { String::new() } else { format!("  (after\u{a0}{})", time(*took)) };
            wrapped(&format!("{text}{after}"), "           ok  ", "               ")
        }
    }
}

/// What was expected, and what was there instead.
pub(super) fn failure(failure: &Failure) -> String {
    let mut text = wrapped(&failure.text, "       FAILED  ", "               ");
    if !failure.after.is_empty() {
        text += &wrapped(&format!("after: {}", failure.after), "               ", "               ");
    }
    text += &wrapped(&format!("instead: {}", failure.instead), "               ", "               ");
    text + &wrapped(&format!("in {}, line {}", failure.file, failure.line), "               ", "               ")
}

fn time(took: Duration) -> String {
    match took.as_millis() {
        millis @ 0..1_000 => format!("{millis}\u{a0}ms"),
        _ => format!("{:.1}\u{a0}s", took.as_secs_f64()),
    }
}

/// Who sent what to whom, with what was done between the messages.
pub(super) fn ladder(story: &Story, stage: &Loopback, notes: &[(Time, String)], begin: Time) -> String {
    let mut ladder = Ladder::new(RUNGS);
    let mut parties = story.members.iter().map(|member| member.party.as_str());
    if let Some(first) = parties.next() {
        ladder.party(first);
    }
    ladder.party("switch");
    parties.for_each(|party| ladder.party(party));
    ladder.name(stage.sip(), "switch");
    for party in stage.cast().parties() {
        if let Some(phone) = stage.cast().phone(party) {
            ladder.name(phone.config().sip, party.as_str());
        }
    }
    let mut messages: Vec<&Wire> = stage.wire().iter().collect();
    messages.sort_by_key(|wire| wire.at);
    let mut notes = notes.iter().peekable();
    for wire in messages {
        while let Some((at, text)) = notes.next_if(|(at, _)| *at <= wire.at) {
            ladder.note(*at, text.as_str());
        }
        ladder.wire(wire.at, wire.from, wire.to, &wire.bytes);
    }
    notes.for_each(|(at, text)| ladder.note(*at, text.as_str()));
    ladder.render(begin)
}

/// What each party heard, beside what was done and whose phone rang.
pub(super) fn hearing(
    story: &Story,
    stage: &Loopback,
    evidence: &Evidence,
    done: &[(Time, String)],
    begin: Time,
) -> String {
    let members = || story.members.iter().map(|member| &member.party);
    let watch = |party: &Party| evidence.phones.get(party).cloned().unwrap_or_default();
    let columns: Vec<Column> =
        members().map(|party| Column::new(party.as_str(), &watch(party), stage.site())).collect();
    let mut notes = done.to_vec();
    for party in members() {
        let rings = watch(party).sights.into_iter().filter(|sight| sight.what == Seen::Rings);
        notes.extend(rings.map(|sight| (sight.at, format!("{party}'s phone rings"))));
    }
    timeline::draw(&columns, &notes, begin)
}

/// Words over as many lines as they need; what a no-break space holds together stays together.
pub(super) fn wrapped(text: &str, first: &str, rest: &str) -> String {
    let mut page = String::new();
    let mut line = first.to_owned();
    let mut fresh = true;
    for word in text.split(' ') {
        if !fresh && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(page, "{}", line.trim_end());
            rest.clone_into(&mut line);
            fresh = true;
        }
        if !fresh {
            line.push(' ');
        }
        line.push_str(word);
        fresh = false;
    }
    let _ = writeln!(page, "{}", line.trim_end());
    page.replace('\u{a0}', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_page() {
        let text = "john hears \"Thank you for calling\" within 5 s  (after 20 ms) ".repeat(7);
        let page = wrapped(&text, "  1.00  ", "        ");
        assert!(page.lines().count() > 2);
        assert!(page.lines().all(|line| line.chars().count() <= WIDTH), "{page}");
        assert!(page.lines().skip(1).all(|line| line.starts_with("        ")), "{page}");
        assert_eq!(wrapped("a  b\u{a0}c", "- ", "  "), "- a  b c\n");
    }
}

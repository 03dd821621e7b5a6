//! The head of a story: its title, who takes part, the allowance, the network.

use super::fault::{Trouble, nearest};
use super::script::{Member, Network, Party, Role};
use super::words::Words;
use crate::time::Duration;

#[derive(Debug, Default)]
pub struct Head {
    pub title: Option<String>,
    pub members: Vec<Member>,
    pub installation: Option<String>,
    pub allow: Option<Duration>,
    pub network: Option<Network>,
}

pub const KEYS: &[&str] = &["Story", "Guests", "Agents", "Outside", "Installation", "Allow", "Network"];

/// Words that the language needs for itself.
const RESERVED: &[&str] =
    &["nobody", "everybody", "the", "contact", "and", "expect", "wait", "silence", "nothing", "ringback", "a", "no"];

/// Reads one `Key: value` line; `Ok(false)` if the line is no such line.
pub fn read(head: &mut Head, line: &str) -> Result<bool, Trouble> {
    let Some((key, value)) = line.split_once(':') else { return Ok(false) };
    let start = key.chars().count() + 2;
    if value.trim().is_empty() {
        return Ok(false);
    }
    let Some(known) = KEYS.iter().find(|k| k.eq_ignore_ascii_case(key.trim())) else {
        return match nearest(key.trim(), KEYS.iter().copied()) {
            Some(near) => Err(Trouble::new(1, format!("`{key}:` is not known at the top"), format!("write `{near}:`"))),
            None => Ok(false),
        };
    };
    let value = format!("{:width$}{value}", "", width = start - 1);
    match *known {
        "Story" => head.title = Some(value.trim().to_owned()),
        "Guests" => {
            for (name, column) in listed(&value) {
                add(head, &name, column, Role::Guest, None)?;
            }
        }
        "Agents" => {
            for (text, column) in listed(&value) {
                let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
                let (mut registered, mut of) = (true, None);
                match rest.trim().split_once(' ') {
                    None if rest.trim().is_empty() => {}
                    Some(("of", agent)) => of = Some(account(head, agent.trim(), column)?),
                    _ if matches!(rest.trim(), "not registered" | "(not registered)") => registered = false,
                    _ => {
                        let problem = format!("`{}` says nothing about an agent", rest.trim());
                        return Err(Trouble::new(
                            column,
                            problem,
                            "write `not registered`, `of maria` for another phone of hers, or put a comma between two names",
                        ));
                    }
                }
                add(head, name, column, Role::Agent { registered }, of)?;
            }
        }
        "Outside" => {
            for (text, column) in listed(&value) {
                let number = text.split_once(char::is_whitespace).map(|(name, number)| (name, number.trim()));
                let fits =
                    |number: &str| number.strip_prefix('+').is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()));
                match number {
                    Some((name, number)) if fits(number) => {
                        add(head, name, column, Role::Outside, Some(Party::from(number)))?;
                    }
                    _ => {
                        let problem = format!("`{text}` is nobody outside");
                        return Err(Trouble::new(column, problem, "write a name and a number, as `bank +15550199`"));
                    }
                }
            }
        }
        "Installation" => head.installation = Some(value.trim().to_owned()),
        "Allow" => {
            let mut words = Words::split(&value, &[])?;
            head.allow = Some(words.duration()?);
            words.done()?;
        }
        _ => head.network = Some(network(&value)?),
    }
    Ok(true)
}

/// Comma-separated values with their columns.
fn listed(value: &str) -> Vec<(String, usize)> {
    let mut column = 1;
    let mut found = Vec::new();
    for part in value.split(',') {
        let blank = part.chars().take_while(|c| c.is_whitespace()).count();
        if !part.trim().is_empty() {
            found.push((part.trim().to_owned(), column + blank));
        }
        column += part.chars().count() + 1;
    }
    found
}

/// The agent whose phone it also is: one named before.
fn account(head: &Head, agent: &str, column: usize) -> Result<Party, Trouble> {
    let party = Party::from(agent);
    let is_agent = |m: &Member| m.party == party && m.of.is_none() && matches!(m.role, Role::Agent { .. });
    if head.members.iter().any(is_agent) {
        return Ok(party);
    }
    Err(Trouble::new(
        column,
        format!("`{agent}` is no agent named before"),
        format!("write `{agent}, mobile of {agent}`"),
    ))
}

fn add(head: &mut Head, name: &str, column: usize, role: Role, of: Option<Party>) -> Result<(), Trouble> {
    let party = Party::from(name);
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        return Err(Trouble::new(
            column,
            format!("`{name}` is no name"),
            "use letters, digits, - and _; put commas between names",
        ));
    }
    if RESERVED.contains(&party.as_str()) {
        return Err(Trouble::new(
            column,
            format!("`{name}` means something else in this language"),
            "take another name",
        ));
    }
    if head.members.iter().any(|m| m.party == party) {
        return Err(Trouble::new(column, format!("`{name}` is named twice"), "name each party once"));
    }
    head.members.push(Member { party, role, of });
    Ok(())
}

/// `delay 20 ms, loses 5 %, repeats 2 %, reorders 10 %`
fn network(value: &str) -> Result<Network, Trouble> {
    let mut network = Network::default();
    let mut words = Words::split(value, &[])?;
    loop {
        let column = words.column();
        match words.word("what the network does")?.as_str() {
            "delay" => network.delay = words.duration()?,
            "loses" => network.loses = share(&mut words)?,
            "repeats" => network.repeats = share(&mut words)?,
            "reorders" => network.reorders = share(&mut words)?,
            other => {
                let problem = format!("a network does not `{other}`");
                return Err(Trouble::new(column, problem, "write `delay 20 ms, loses 5 %, repeats 2 %, reorders 5 %`"));
            }
        }
        if !words.take(",") {
            words.done()?;
            return Ok(network);
        }
    }
}

fn share(words: &mut Words) -> Result<u8, Trouble> {
    let column = words.column();
    let word = words.word("a share")?;
    let digits = word.strip_suffix('%').unwrap_or(&word);
    let share = digits.parse().ok().filter(|share| *share <= 50);
    let share = share.ok_or_else(|| {
        Trouble::new(column, format!("`{word}` is no share"), "write a whole number up to 50 %, as `5 %`")
    })?;
    if digits.len() == word.len() {
        words.take("%");
    }
    Ok(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_says_who_takes_part() {
        let mut head = Head::default();
        for line in [
            "Story: A call",
            "Guests: customer",
            "Agents: John, maria not registered, mobile of john",
            "Outside: bank +15550199",
            "Installation: other/cordboard.toml",
            "Network: delay 20 ms, loses 5 %",
        ] {
            assert_eq!(read(&mut head, line), Ok(true), "{line}");
        }
        assert_eq!(head.title.as_deref(), Some("A call"));
        let roles: Vec<_> = head.members.iter().map(|m| (m.party.as_str(), m.role)).collect();
        assert_eq!(
            roles,
            [
                ("customer", Role::Guest),
                ("john", Role::Agent { registered: true }),
                ("maria", Role::Agent { registered: false }),
                ("mobile", Role::Agent { registered: true }),
                ("bank", Role::Outside)
            ]
        );
        let of: Vec<_> = head.members.iter().filter_map(|m| m.of.as_ref()).map(Party::as_str).collect();
        assert_eq!(of, ["john", "+15550199"]);
        assert_eq!(head.installation.as_deref(), Some("other/cordboard.toml"));
        let network = head.network.unwrap();
        assert_eq!((network.delay, network.loses), (Duration::from_millis(20), 5));
    }

    #[test]
    fn faults_of_the_head() {
        for (line, cure) in [
            ("Agnets: john", "write `Agents:`"),
            (
                "Agents: john john",
                "write `not registered`, `of maria` for another phone of hers, or put a comma between two names",
            ),
            ("Agents: mobile of john", "write `john, mobile of john`"),
            ("Agents: john, John", "name each party once"),
            ("Outside: bank", "write a name and a number, as `bank +15550199`"),
            ("Guests: nobody", "take another name"),
            ("Network: loses 90 %", "write a whole number up to 50 %, as `5 %`"),
            ("Allow: long", "write it as `60 ms`, `2 s` or `1 min`"),
        ] {
            let fault = read(&mut Head::default(), line).unwrap_err();
            assert_eq!(fault.cure, cure, "{line}");
        }
        assert_eq!(read(&mut Head::default(), "John consults Maria:"), Ok(false));
    }
}

//! Any session description as an offer or an answer: what we say back is legible, and a fresh offer always heals.

use cordboard::sdp::{Direction, Local, Name, Negotiator};
use std::net::SocketAddr;

const HERE: &str = "192.0.2.1:4000";
const THERE: &str = "[2001:db8::1]:6000";

/// Bodies with a zero byte between them, each led by a byte that says what we would like and whether we offer first.
pub fn run(data: &[u8]) {
    let mut ours = Negotiator::new(7);
    let mut said = Version::default();
    for piece in data.split(|byte| *byte == 0).take(16) {
        let Some((wish, body)) = piece.split_first() else { continue };
        let local = local(HERE, *wish);
        if wish & 0x10 != 0 && !ours.pending() {
            said.hold(&ours.offer(&local));
        }
        let before = ours.agreed().cloned();
        if ours.pending() && wish & 0x20 == 0 {
            if ours.accept(body).is_err() {
                assert_eq!(ours.agreed(), before.as_ref(), "an answer that does not fit changes nothing");
                ours.rollback();
            }
        } else {
            match ours.answer(body, &local) {
                Ok((answer, agreed)) => {
                    said.hold(&answer);
                    assert_eq!(ours.agreed(), Some(&agreed));
                    assert!(agreed.remote.port() == 0 || !agreed.codecs.is_empty() && !agreed.accepts.is_empty());
                    assert_eq!(agreed.direction, agreed.direction.and(local.direction), "more than we wanted");
                    assert!(agreed.ptime.is_none_or(|ptime| (10..=60).contains(&ptime) && ptime % 10 == 0));
                    if agreed.remote.port() != 0 {
                        is_legible(&answer, agreed.direction);
                    }
                }
                Err(error) => {
                    assert_eq!(ours.agreed(), before.as_ref(), "an offer that is refused changes nothing");
                    assert!((400..600).contains(&error.status()));
                }
            }
        }
    }
    ours.rollback();
    heals(&mut ours, &mut said);
}

fn local(address: &str, wish: u8) -> Local {
    let (pcmu, pcma) = ((0, Name::Pcmu), (8, Name::Pcma));
    Local {
        address: address.parse::<SocketAddr>().expect("an address"),
        codecs: if wish & 4 == 0 { vec![pcmu, pcma] } else { vec![pcma] },
        telephone_event: wish & 8 == 0,
        direction: Direction::new(wish & 1 == 0, wish & 2 == 0),
    }
}

/// Somebody else who reads our answer as an offer sees our address and our direction.
fn is_legible(answer: &[u8], direction: Direction) {
    let (_, seen) = Negotiator::new(1).answer(answer, &local(THERE, 0)).expect("what we write is read");
    assert_eq!(seen.remote.to_string(), HERE);
    assert_eq!(seen.remote_direction, direction);
}

/// Whatever was said before: our next offer, answered by a good phone, ends with both agreed.
fn heals(ours: &mut Negotiator, said: &mut Version) {
    let mut phone = Negotiator::new(9);
    let offer = ours.offer(&local(HERE, 0));
    said.hold(&offer);
    let (answer, theirs) = phone.answer(&offer, &local(THERE, 0)).expect("our offer is read");
    let ours = ours.accept(&answer).expect("the answer fits");
    assert_eq!(ours.remote.to_string(), THERE);
    assert_eq!(theirs.remote.to_string(), HERE);
    assert_eq!((ours.direction, theirs.direction), (Direction::SendRecv, Direction::SendRecv));
    assert_eq!((ours.codecs.first(), ours.telephone_event), (theirs.codecs.first(), theirs.telephone_event));
}

/// RFC 3264 section 8: the version rises by one exactly when the body differs; the rest of o= stays.
#[derive(Default)]
struct Version(Option<(String, String, u64)>);

impl Version {
    fn hold(&mut self, body: &[u8]) {
        let text = String::from_utf8(body.to_vec()).expect("we write UTF-8");
        let origin = text.lines().find(|line| line.starts_with("o=")).expect("an o= line");
        let words: Vec<&str> = origin.split(' ').collect();
        let version: u64 = words.get(2).and_then(|word| word.parse().ok()).expect("a version");
        let rest = [words.get(..2).unwrap_or_default(), words.get(3..).unwrap_or_default()].concat().join(" ");
        if let Some((before, origin, old)) = &self.0 {
            assert_eq!(*origin, rest);
            assert_eq!(version, if *before == text { *old } else { old + 1 });
        }
        self.0 = Some((text, rest, version));
    }
}

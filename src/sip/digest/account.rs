//! A name and a password of ours at somebody else, and what was last asked for as proof of them (RFC 3261 section 22.2).

use super::{Challenge, answer};
use crate::ids::Mint;
use crate::sip::{Method, Name, Response, Text};

#[derive(Clone, Debug)]
pub struct Account {
    pub user: String,
    password: String,
    /// By the header that answers: a proxy and the server behind it may both ask.
    asked: Vec<Asked>,
}

#[derive(Clone, Debug)]
struct Asked {
    header: Name,
    challenge: Challenge,
    /// Answers given with this nonce.
    count: u32,
    /// Challenges since the last request that was not challenged.
    in_a_row: u32,
}

impl Account {
    #[must_use]
    pub fn new(user: &str, password: &str) -> Account {
        Account { user: user.to_owned(), password: password.to_owned(), asked: Vec::new() }
    }

    /// Takes the challenge of a 401 or 407. `false`: it is none that can be answered, or its answer was just refused
    /// (RFC 3261 section 22.2: the same credentials are not tried again).
    pub fn challenged(&mut self, response: &Response) -> bool {
        let Some((challenge, header)) = Challenge::first(&response.headers) else { return false };
        let known = self.asked.iter().position(|asked| asked.header == header);
        let before = known.map(|at| self.asked.swap_remove(at));
        let in_a_row = before.map_or(0, |asked| asked.in_a_row);
        // A nonce may have run out between two requests, or between the challenge and its answer; no further.
        let hopeless = if challenge.stale { in_a_row >= 2 } else { in_a_row >= 1 };
        self.asked.push(Asked { header, challenge, count: 0, in_a_row: in_a_row + 1 });
        !hopeless
    }

    /// A request was taken for what it says.
    pub fn accepted(&mut self) {
        self.asked.iter_mut().for_each(|asked| asked.in_a_row = 0);
    }

    /// What a request says to whoever has asked before.
    pub fn answers(&mut self, method: &Method, uri: &str, mint: &mut Mint) -> Vec<(Name, Text)> {
        let (user, password) = (&self.user, &self.password);
        self.asked
            .iter_mut()
            .map(|asked| {
                asked.count = asked.count.saturating_add(1);
                let cnonce = mint.token();
                let value = answer(&asked.challenge, user, password, method, uri, &cnonce, asked.count);
                (asked.header.clone(), value)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::{Message, parse};
    use bytes::Bytes;

    fn refusal(status: u16, challenge: &str) -> Response {
        let text = format!(
            "SIP/2.0 {status} No\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n\
             Call-ID: 1\r\nCSeq: 1 INVITE\r\n{challenge}\r\nContent-Length: 0\r\n\r\n"
        );
        match parse(Bytes::from(text)) {
            Ok(Message::Response(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    const WWW: &str = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"";
    const NEW: &str = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", qop=\"auth\"";
    const STALE: &str = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", qop=\"auth\", stale=true";
    const PROXY: &str = "Proxy-Authenticate: Digest realm=\"p\", nonce=\"n3\", qop=\"auth\"";
    const BASIC: &str = "WWW-Authenticate: Basic realm=\"r\"";

    #[test]
    fn how_often_a_challenge_is_answered() {
        for (rule, challenges, answered) in [
            ("once", vec![(401, WWW)], vec![true]),
            ("not again with the same password", vec![(401, WWW), (401, NEW)], vec![true, false]),
            ("again when only the nonce was old", vec![(401, WWW), (401, STALE)], vec![true, true]),
            ("not for ever", vec![(401, WWW), (401, STALE), (401, STALE)], vec![true, true, false]),
            ("a proxy's and the server's", vec![(407, PROXY), (401, WWW)], vec![true, true]),
            ("no other scheme", vec![(401, BASIC)], vec![false]),
        ] {
            let mut account = Account::new("u", "p");
            let got: Vec<bool> =
                challenges.iter().map(|(status, line)| account.challenged(&refusal(*status, line))).collect();
            assert_eq!(got, answered, "{rule}");
        }
    }

    #[test]
    fn answers_count_and_name_what_they_are_for() {
        let mut mint = Mint::new(1);
        let mut account = Account::new("u", "p");
        assert!(account.answers(&Method::Invite, "sip:x@y", &mut mint).is_empty(), "nobody has asked");
        assert!(account.challenged(&refusal(407, PROXY)));
        assert!(account.challenged(&refusal(401, WWW)));
        for count in ["nc=00000001", "nc=00000002"] {
            let answers = account.answers(&Method::Invite, "sip:x@y", &mut mint);
            let names: Vec<&Name> = answers.iter().map(|(name, _)| name).collect();
            assert_eq!(names, [&Name::ProxyAuthorization, &Name::Authorization]);
            for (_, value) in &answers {
                assert!(value.as_str().contains(count) && value.as_str().contains("uri=\"sip:x@y\""), "{value:?}");
            }
        }
        account.accepted();
        assert!(account.challenged(&refusal(401, NEW)), "a new request may be challenged anew");
    }
}

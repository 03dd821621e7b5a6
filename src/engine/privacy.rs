//! Callers who do not want to be named (RFC 3323, RFC 3325 section 9.3).

use crate::contact::Identity;
use crate::sip::{Headers, Name, Uri};

const ANONYMOUS: &str = "sip:anonymous@anonymous.invalid";

/// Who such a caller is to everybody else (RFC 3323 section 4.1.1.3).
pub(super) fn anonymous() -> Identity {
    Identity { name: "Anonymous".into(), address: ANONYMOUS.into() }
}

pub(super) fn is_anonymous(who: &Identity) -> bool {
    who.address == ANONYMOUS
}

/// Whether the caller asks for his name to be kept. What he does not say of himself, `session`, a B2BUA that carries the
/// sound withholds from everybody.
pub(super) fn is_asked_for(headers: &Headers) -> bool {
    let asked = |wanted: &[&str]| {
        headers
            .lines(&Name::Privacy)
            .flat_map(|line| line.as_str().split([';', ',']))
            .any(|value| wanted.iter().any(|each| value.trim().eq_ignore_ascii_case(each)))
    };
    asked(&["id", "user", "header", "critical"]) && !asked(&["none"])
}

/// Who a caller says he is to us: his From, or, where that names nobody, what he would like to be asserted (RFC 3325
/// section 5).
pub(super) fn claimed(headers: &Headers, from: &Uri) -> Uri {
    let nobody = from.host.to_string().eq_ignore_ascii_case("anonymous.invalid");
    let preferred = || headers.addresses(&Name::PPreferredIdentity, "P-Preferred-Identity").ok()?.into_iter().next();
    match preferred().filter(|_| nobody) {
        Some(preferred) => preferred.uri,
        None => from.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_as_a_wish_for_privacy() {
        for (lines, wanted) in [
            (&["id"][..], true),
            (&["user"], true),
            (&["Header"], true),
            (&["id;critical"], true),
            (&["critical"], true),
            (&["session"], false),
            (&["none"], false),
            (&["id; none"], false),
            (&["session", "user"], true),
            (&["history"], false),
            (&[""], false),
            (&[], false),
        ] {
            let headers: Headers = lines.iter().map(|line| (Name::Privacy, *line)).collect();
            assert_eq!(is_asked_for(&headers), wanted, "{lines:?}");
        }
    }
}

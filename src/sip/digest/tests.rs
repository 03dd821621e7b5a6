//! Challenges and answers, a row per rule.

use std::time::Duration;

use super::*;

const REALM: &str = "cordboard.lab";

fn at(seconds: u64) -> Time {
    Time::from_micros(1_795_000_000_000_000) + Duration::from_secs(seconds)
}

fn passwords(user: &str) -> Option<&'static str> {
    match user {
        "john" => Some("secret"),
        "J\u{f6}rg \"J\"" => Some("p\u{e4}ss"),
        _ => None,
    }
}

/// Where challenges are sent.
const HERE: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn guard() -> Guard {
    Guard::new([7; 32])
}

fn request(authorization: &Text) -> Request {
    let mut request = Request::new(Method::Register, Uri::parse("sip:cordboard.lab").unwrap());
    request.headers.push(Name::Authorization, authorization);
    request
}

fn check(guard: &mut Guard, now: Time, authorization: &Text) -> Verdict {
    guard.check(now, &request(authorization), &Name::Authorization, REALM, passwords)
}

fn challenges(guard: &mut Guard, now: Time) -> Vec<Challenge> {
    guard.challenge(now, REALM, false, HERE).iter().map(|value| Challenge::read(value).unwrap()).collect()
}

fn reply(challenge: &Challenge, user: &str, password: &str, nc: u32) -> Text {
    answer(challenge, user, password, &Method::Register, "sip:cordboard.lab", "0a4f113b", nc)
}

#[test]
fn responses_are_those_of_the_rfcs_examples() {
    for (algorithm, realm, password, nonce, cnonce, response) in [
        // RFC 2617 section 3.5.
        (
            Algorithm::Md5,
            "testrealm@host.com",
            "Circle Of Life",
            "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            "0a4f113b",
            "6629fae49393a05397450978507c4ef1",
        ),
        // RFC 7616 section 3.9.1.
        (
            Algorithm::Md5,
            "http-auth@example.org",
            "Circle of Life",
            "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            "8ca523f5e9506fed4657c9700eebdbec",
        ),
        (
            Algorithm::Sha256,
            "http-auth@example.org",
            "Circle of Life",
            "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ] {
        let challenge =
            Challenge { algorithm, realm: realm.into(), nonce: nonce.into(), opaque: None, auth: true, stale: false };
        let value = answer(&challenge, "Mufasa", password, &Method::Other("GET".into()), "/dir/index.html", cnonce, 1);
        assert_eq!(Fields::read(&value).unwrap().get("response").unwrap(), response);
    }
}

#[test]
fn challenges_offer_md5_first_then_sha_256() {
    let mut guard = guard();
    let offered = challenges(&mut guard, at(0));
    assert_eq!(offered.iter().map(|c| c.algorithm).collect::<Vec<_>>(), [Algorithm::Md5, Algorithm::Sha256]);
    assert!(offered.iter().all(|c| c.auth && !c.stale && c.realm == REALM));
    assert!(Challenge::read(&guard.challenge(at(0), REALM, true, HERE)[0]).unwrap().stale);
    assert_ne!(offered[0].nonce, challenges(&mut guard, at(0))[0].nonce);
}

#[test]
fn who_knows_the_password_gets_in() {
    let mut guard = guard();
    for which in [0, 1] {
        for (user, password, wanted) in [
            ("john", "secret", Verdict::Ok("john".into())),
            ("J\u{f6}rg \"J\"", "p\u{e4}ss", Verdict::Ok("J\u{f6}rg \"J\"".into())),
            ("john", "wrong", Verdict::Wrong),
            ("john", "", Verdict::Wrong),
            ("nobody", "", Verdict::Wrong),
            ("nobody", "secret", Verdict::Wrong),
        ] {
            let challenge = challenges(&mut guard, at(0)).swap_remove(which);
            assert_eq!(check(&mut guard, at(1), &reply(&challenge, user, password, 1)), wanted, "{user} {password}");
        }
    }
}

#[test]
fn clients_without_qop_are_let_in_once_a_nonce() {
    let mut guard = guard();
    let challenge = Challenge { auth: false, ..challenges(&mut guard, at(0)).swap_remove(0) };
    let value = reply(&challenge, "john", "secret", 1);
    assert_eq!(check(&mut guard, at(1), &value), Verdict::Ok("john".into()));
    assert_eq!(check(&mut guard, at(1), &value), Verdict::Stale);
}

#[test]
fn no_count_of_a_nonce_is_taken_twice() {
    let mut guard = guard();
    let challenge = challenges(&mut guard, at(0)).swap_remove(0);
    // count, whether it is new: order may change on the way, up to 64 places.
    for (nc, fresh) in [
        (1, true),
        (1, false),
        (3, true),
        (2, true),
        (2, false),
        (3, false),
        (90, true),
        (26, true),
        (25, false),
        (89, true),
        (89, false),
        (90, false),
        (u32::MAX, true),
        (5, false),
    ] {
        let wanted = if fresh { Verdict::Ok("john".into()) } else { Verdict::Stale };
        assert_eq!(check(&mut guard, at(1), &reply(&challenge, "john", "secret", nc)), wanted, "{nc}");
    }
}

#[test]
fn nonces_grow_old_and_cannot_be_made_up() {
    let mut guard = guard();
    let life = NONCE_LIFE.as_secs();
    for (asked, answered, wanted) in [
        (0, life, Verdict::Ok("john".into())),
        (0, life + 1, Verdict::Stale),
        // From the future: not ours to have made.
        (10, 9, Verdict::Stale),
    ] {
        let challenge = challenges(&mut guard, at(asked)).swap_remove(0);
        assert_eq!(check(&mut guard, at(answered), &reply(&challenge, "john", "secret", 1)), wanted);
    }
    let real = challenges(&mut guard, at(0)).swap_remove(0);
    let other_guard = challenges(&mut Guard::new([8; 32]), at(0)).swap_remove(0).nonce;
    let mut flipped = real.nonce.as_str().to_owned();
    flipped.replace_range(15..16, if flipped.as_bytes()[15] == b'0' { "1" } else { "0" });
    for nonce in [other_guard, flipped.into(), "".into(), "abc".into(), "\u{f6}".repeat(40).as_str().into()] {
        let challenge = Challenge { nonce, ..real.clone() };
        assert_eq!(check(&mut guard, at(1), &reply(&challenge, "john", "secret", 1)), Verdict::Stale);
        // Who does not know the password is not told so much.
        assert_eq!(check(&mut guard, at(1), &reply(&challenge, "john", "guess", 1)), Verdict::Wrong);
    }
}

#[test]
fn memory_is_bounded_and_what_is_forgotten_is_stale() {
    let mut guard = guard();
    let first = challenges(&mut guard, at(0)).swap_remove(0);
    assert_eq!(check(&mut guard, at(0), &reply(&first, "john", "secret", 1)), Verdict::Ok("john".into()));
    for serial in 0..NONCES as u32 {
        assert!(guard.first_use(at(1), (at(1), serial), 1));
    }
    assert_eq!(guard.seen.len(), NONCES);
    assert_eq!(check(&mut guard, at(1), &reply(&first, "john", "secret", 1)), Verdict::Stale);
    // With time all go.
    assert!(guard.first_use(at(2 + NONCE_LIFE.as_secs()), (at(2 + NONCE_LIFE.as_secs()), 0), 1));
    assert_eq!(guard.seen.len(), 1);
}

#[test]
fn credentials_are_for_one_target() {
    for (target, uri, right) in [
        ("sip:cordboard.lab", "sip:cordboard.lab", true),
        ("sip:cordboard.lab:5060;transport=tcp", "sip:CORDBOARD.lab", true),
        ("sip:1000@127.0.0.1", "sip:1000@127.0.0.1:5060;transport=udp", true),
        ("sip:1000@127.0.0.1", "sip:%31000@127.0.0.1", true),
        ("sip:1000@127.0.0.1", "sip:1001@127.0.0.1", false),
        ("sip:1000@127.0.0.1", "sip:127.0.0.1", false),
        ("sip:1000@127.0.0.1", "sip:1000@127.0.0.2", false),
        ("sip:1000@127.0.0.1", "1000@127.0.0.1", false),
        ("tel:+12015550123", "tel:+1-201-555-0123", true),
    ] {
        let mut guard = guard();
        let challenge = challenges(&mut guard, at(0)).swap_remove(0);
        let mut request = Request::new(Method::Invite, Uri::parse(target).unwrap());
        let value = answer(&challenge, "john", "secret", &Method::Invite, uri, "c", 1);
        request.headers.push(Name::ProxyAuthorization, value);
        let verdict = guard.check(at(0), &request, &Name::ProxyAuthorization, REALM, passwords);
        let malformed = Verdict::Malformed("uri is not the Request-URI");
        assert_eq!(verdict, if right { Verdict::Ok("john".into()) } else { malformed }, "{target} {uri}");
        assert_eq!(guard.check(at(0), &request, &Name::Authorization, REALM, passwords), Verdict::Missing);
    }
}

#[test]
fn only_credentials_of_our_realm_and_scheme_count() {
    let mut guard = guard();
    for value in [
        "NoOneKnowsThisScheme opaque-data=here",
        "Digest realm=\"elsewhere\", username=\"john\"",
        "Basic am9objpzZWNyZXQ=",
        "Digest",
        "",
    ] {
        assert_eq!(check(&mut guard, at(0), &value.into()), Verdict::Missing, "{value}");
    }
    // The right one among others.
    let challenge = challenges(&mut guard, at(0)).swap_remove(0);
    let mut request = request(&"Digest realm=\"elsewhere\"".into());
    request.headers.push(Name::Authorization, reply(&challenge, "john", "secret", 1));
    let verdict = guard.check(at(0), &request, &Name::Authorization, REALM, passwords);
    assert_eq!(verdict, Verdict::Ok("john".into()));
}

#[test]
fn a_client_takes_the_first_challenge_it_understands() {
    for (lines, wanted) in [
        (
            vec![("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\"")],
            Some((Algorithm::Md5, false, Name::Authorization)),
        ),
        (
            vec![
                ("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256, qop=\"auth\""),
                ("WWW-Authenticate", "Digest realm=\"r\",nonce=\"n\",algorithm=sha-256,qop=\"auth-int,auth\""),
            ],
            Some((Algorithm::Sha256, true, Name::Authorization)),
        ),
        (
            vec![("Proxy-Authenticate", "digest REALM=\"r\", Nonce=\"n\", qop=auth")],
            Some((Algorithm::Md5, true, Name::ProxyAuthorization)),
        ),
        (vec![("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"")], None),
        (vec![("WWW-Authenticate", "Basic realm=\"r\"")], None),
        (vec![], None),
    ] {
        let headers: Headers = lines.into_iter().collect();
        let got = Challenge::first(&headers).map(|(challenge, name)| (challenge.algorithm, challenge.auth, name));
        assert_eq!(got, wanted);
    }
}

#[test]
fn malformed_credentials_are_told_from_wrong_ones() {
    let mut guard = guard();
    let nonce = challenges(&mut guard, at(0)).swap_remove(0).nonce;
    let hash = "0123456789abcdef0123456789ABCDEF";
    let rest = format!("realm=\"cordboard.lab\", nonce=\"{nonce}\", uri=\"sip:cordboard.lab\"");
    for (fields, wanted) in [
        (format!("username=\"john\", response=\"{hash}\""), None),
        (format!("username=\"john\", response={hash}, opaque=\"\", new=thing"), None),
        (format!("username=\"john\", response=\"{hash}\", qop=auth, nc=00000001, cnonce=\"a\""), None),
        // Old phones quote these two.
        (format!("username=\"john\", response=\"{hash}\", qop=\"auth\", nc=\"00000001\", cnonce=\"a\""), None),
        (format!("response=\"{hash}\""), Some("no username")),
        ("username=\"john\"".into(), Some("no response")),
        ("username=\"john\", response=\"\"".into(), Some("response is no hash")),
        (format!("username=\"john\", response=\"{hash}\", algorithm=SHA-256"), Some("response is no hash")),
        ("username=\"john\", response=\"0123456789abcdef0123456789abcdeg\"".into(), Some("response is no hash")),
        (format!("username=\"john\", response=\"{hash}\", qop=auth, cnonce=\"a\""), Some("qop without nc")),
        (format!("username=\"john\", response=\"{hash}\", qop=auth, nc=00000001"), Some("qop without cnonce")),
        (
            format!("username=\"john\", response=\"{hash}\", qop=auth, nc=00000001, cnonce=\"\""),
            Some("qop without cnonce"),
        ),
        (
            format!("username=\"john\", response=\"{hash}\", qop=auth, nc=00000000, cnonce=\"a\""),
            Some("nc is no count"),
        ),
        (format!("username=\"john\", response=\"{hash}\", qop=auth, nc=+1, cnonce=\"a\""), Some("nc is no count")),
        (
            format!("username=\"john\", response=\"{hash}\", qop=auth, nc=1ffffffff, cnonce=\"a\""),
            Some("nc is no count"),
        ),
        (
            format!("username=\"john\", response=\"{hash}\", qop=auth-int, nc=00000001, cnonce=\"a\""),
            Some("qop is not auth"),
        ),
        (format!("username=\"john\", username=\"maria\", response=\"{hash}\""), Some("a parameter twice")),
        (format!("username=\"john\", response=\"{hash}\", nonce=\"{nonce}\""), Some("a parameter twice")),
        (format!("username=\"john\", response=\"{hash}\", opaque"), Some("no parameter")),
        (format!("username=, response=\"{hash}\""), Some("a parameter without an end")),
        (format!("username=\"john\"x, response=\"{hash}\""), Some("a parameter without an end")),
        (format!("response=\"{hash}\", username=\"john"), Some("a parameter without an end")),
    ] {
        let wanted = wanted.map_or(Verdict::Wrong, Verdict::Malformed);
        assert_eq!(check(&mut guard, at(0), &format!("Digest {rest}, {fields}").into()), wanted, "{fields}");
    }
    // Never offered, so as good as none: it is challenged again, with what is spoken here.
    for algorithm in ["MD5-sess", "SHA-256-sess", "SHA-512-256", "ROT13"] {
        let value = format!("Digest {rest}, username=\"john\", response=\"{hash}\", algorithm={algorithm}");
        assert_eq!(check(&mut guard, at(0), &value.into()), Verdict::Missing, "{algorithm}");
    }
}

#[test]
fn credentials_are_for_one_method_and_one_realm() {
    let mut guard = guard();
    let challenge = challenges(&mut guard, at(0)).swap_remove(0);
    let register = reply(&challenge, "john", "secret", 1);
    let mut invite = Request::new(Method::Invite, Uri::parse("sip:cordboard.lab").unwrap());
    invite.headers.push(Name::Authorization, &register);
    let verdict = guard.check(at(0), &invite, &Name::Authorization, REALM, passwords);
    assert_eq!(verdict, Verdict::Wrong, "an answer to REGISTER says nothing of an INVITE");
    assert_eq!(Guard::claimed(&invite, &Name::Authorization, REALM).as_deref(), Some("john"));
    assert_eq!(Guard::claimed(&invite, &Name::Authorization, "elsewhere"), None);
    assert_eq!(Guard::claimed(&invite, &Name::ProxyAuthorization, REALM), None, "that is for proxies");
}

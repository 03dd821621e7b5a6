//! Telephone numbers: what is one, and how its spelling is changed (RFC 3966, ITU-T E.164).

use crate::limits::{DIALLED_DIGITS, E164_DIGITS};

/// A beginning that is taken away, and what comes in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    pub strip: String,
    pub add: String,
}

/// A number as digits, with a plus before it where it is international. `None`: it is none.
pub(super) fn plain(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("tel:").unwrap_or(text);
    // RFC 3966 section 5.1.1: separators are for the eye.
    let number: String = text.chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')' | ' ')).collect();
    is_number(&number).then_some(number)
}

fn is_number(number: &str) -> bool {
    let (digits, most) = match number.strip_prefix('+') {
        Some(digits) => (digits, E164_DIGITS),
        None => (number, DIALLED_DIGITS),
    };
    (1..=most).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// By the rule with the longest beginning that fits; a number that none fits stays as it is.
pub(super) fn rewrite(rules: &[Rewrite], number: &str) -> String {
    let fits = rules.iter().filter(|rule| number.starts_with(&rule.strip)).max_by_key(|rule| rule.strip.len());
    match fits.and_then(|rule| Some((rule, number.strip_prefix(&rule.strip)?))) {
        Some((rule, rest)) => format!("{}{rest}", rule.add),
        None => number.to_owned(),
    }
}

/// A number as E.164, where it can be; what cannot stays as it was dialled (`110`).
pub(super) fn to_e164(rules: &[Rewrite], number: &str) -> Option<String> {
    let number = plain(number)?;
    let number = if number.starts_with('+') { number } else { rewrite(rules, &number) };
    is_number(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(pairs: &[(&str, &str)]) -> Vec<Rewrite> {
        pairs.iter().map(|(strip, add)| Rewrite { strip: (*strip).into(), add: (*add).into() }).collect()
    }

    #[test]
    fn what_a_number_is() {
        for (text, number) in [
            ("+15550100", Some("+15550100")),
            ("+1 (555) 01-00", Some("+15550100")),
            ("tel:+1.555.0100", Some("+15550100")),
            ("110", Some("110")),
            ("+123456789012345", Some("+123456789012345")),
            ("+1234567890123456", None),
            ("00123456789012345678", Some("00123456789012345678")),
            ("001234567890123456789", None),
            ("", None),
            ("+", None),
            ("+1+5", None),
            ("maria", None),
            ("+1555;ext=1", None),
            ("+1555@evil.example", None),
            ("*90", None),
            ("٣٣", None),
        ] {
            assert_eq!(plain(text).as_deref(), number, "{text}");
        }
    }

    #[test]
    fn spelling_is_changed_by_the_longest_beginning() {
        let german = rules(&[("0", "+49"), ("00", "+"), ("", "+4930")]);
        let provider = rules(&[("+49", "0"), ("+", "00")]);
        for (rules, number, wanted) in [
            (&german, "0301234", "+49301234"),
            (&german, "0015550100", "+15550100"),
            (&german, "5551234", "+49305551234"),
            (&german, "+15550100", "+15550100"),
            (&provider, "+49301234", "0301234"),
            (&provider, "+15550100", "0015550100"),
        ] {
            let got =
                if std::ptr::eq(rules, &german) { to_e164(rules, number).unwrap() } else { rewrite(rules, number) };
            assert_eq!(got, wanted, "{number}");
        }
        assert_eq!(to_e164(&[], "110").as_deref(), Some("110"), "no rule fits");
        assert_eq!(to_e164(&rules(&[("0", "+499999")]), "0123456789012"), None, "too long for E.164");
    }
}

//! `$.` references inside a parameter, and what they are filled from.

/// Where a run finds what its references name: `$.Queue.Name` asks for `["Queue", "Name"]`.
pub trait Data {
    fn lookup(&self, path: &[&str]) -> Option<String>;
}

impl<F: Fn(&[&str]) -> Option<String>> Data for F {
    fn lookup(&self, path: &[&str]) -> Option<String> {
        self(path)
    }
}

/// A free text with every reference filled in. What is not there is empty, as in Connect.
pub(super) fn fill(text: &str, data: &dyn Data) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        if let Some((path, after)) = reference(from) {
            filled.push_str(&data.lookup(&path).unwrap_or_default());
            rest = after;
        } else {
            filled.push('$');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    filled.push_str(rest);
    filled
}

/// A parameter that is static or one single reference: `None` when the reference names nothing.
pub(super) fn value(text: &str, data: &dyn Data) -> Option<String> {
    match reference(text) {
        Some((path, "")) => data.lookup(&path).filter(|found| !found.is_empty()),
        _ => Some(text.to_owned()),
    }
}

/// Whether anything in the text is known only in a call.
pub(super) fn is_dynamic(text: &str) -> bool {
    text.match_indices('$').any(|(at, _)| text.get(at..).and_then(reference).is_some())
}

/// Reads a reference at the start of `text`: its path, and what follows it. `$.A.b`, `$['A']['b']` and mixtures.
fn reference(text: &str) -> Option<(Vec<&str>, &str)> {
    let mut rest = text.strip_prefix('$')?;
    let mut path = Vec::new();
    loop {
        if let Some((quote, inner)) =
            rest.strip_prefix("['").map(|inner| ("']", inner)).or_else(|| rest.strip_prefix("[\"").map(|i| ("\"]", i)))
        {
            let Some((name, after)) = inner.split_once(quote) else { break };
            path.push(name);
            rest = after;
        } else if let Some(inner) = rest.strip_prefix('.') {
            let end = inner.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(inner.len());
            // A full stop that ends a sentence is no path.
            if end == 0 {
                break;
            }
            let (name, after) = inner.split_at(end);
            path.push(name);
            rest = after;
        } else {
            break;
        }
    }
    (!path.is_empty()).then_some((path, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(path: &[&str]) -> Option<String> {
        match path {
            ["Queue", "Name"] => Some("Support".into()),
            ["Attributes", "first name"] => Some("Ann".into()),
            ["Media", "Sip", "Headers", "P-Asserted-Identity"] => Some("sip:a@b".into()),
            ["Empty"] => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn free_text() {
        for (text, filled) in [
            ("no reference", "no reference"),
            ("$.Queue.Name", "Support"),
            ("Queue $.Queue.Name.", "Queue Support."),
            ("Hello $['Attributes']['first name']!", "Hello Ann!"),
            ("Hello $.Attributes['first name'], hi", "Hello Ann, hi"),
            ("$.Media.Sip.Headers.P-Asserted-Identity", "sip:a@b"),
            ("[$.Nothing.Here]", "[]"),
            ("$5 and $ and $.", "$5 and $ and $."),
            ("é$.Queue.Name", "éSupport"),
        ] {
            assert_eq!(fill(text, &data), filled, "{text}");
        }
    }

    #[test]
    fn one_value() {
        for (text, found) in
            [("Beep.wav", Some("Beep.wav")), ("$.Queue.Name", Some("Support")), ("$.Nothing", None), ("$.Empty", None)]
        {
            assert_eq!(value(text, &data).as_deref(), found, "{text}");
        }
        assert!(is_dynamic("a $.b") && !is_dynamic("5 $ a"));
    }
}

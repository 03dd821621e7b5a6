//! The loose JSON of an action's parameters, read leniently: real exports write numbers and booleans as strings.

use serde_json::Value;

/// A parameter that cannot be used, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::flow) struct Misread {
    pub problem: String,
    pub cure: String,
}

impl Misread {
    pub fn new(problem: impl Into<String>, cure: impl Into<String>) -> Self {
        Misread { problem: problem.into(), cure: cure.into() }
    }
}

pub(in crate::flow) struct Parameters<'a> {
    /// Real exports have null where nothing is set.
    pub values: &'a Value,
    /// `Metadata.ActionMetadata.<id>`: the names of what the values mean in another instance.
    pub metadata: &'a Value,
}

impl<'a> Parameters<'a> {
    pub fn value(&self, key: &str) -> Option<&'a Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }

    pub fn text(&self, key: &str) -> Result<Option<String>, Misread> {
        self.value(key).map(|value| text(key, value)).transpose()
    }

    /// A prompt, queue, flow or agent. An ARN means something in another instance only, so the name that the export
    /// keeps beside it counts, where there is one.
    pub fn reference(&self, key: &str) -> Result<Option<String>, Misread> {
        let Some(found) = self.text(key)? else { return Ok(None) };
        named(key, found, display_name(self.metadata, key)).map(Some)
    }
}

pub(in crate::flow) fn text(key: &str, value: &Value) -> Result<String, Misread> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(if *flag { "True" } else { "False" }.to_owned()),
        _ => Err(Misread::new(format!("{key} is no text"), "Write a string.")),
    }
}

/// `found`, or the display name in its place when `found` is an ARN or an instance's own UUID.
pub(in crate::flow) fn named(key: &str, found: String, display: Option<&str>) -> Result<String, Misread> {
    for (open, close) in [("${", "}"), ("{{", "}}"), ("%%", "%%")] {
        if let Some((_, rest)) = found.split_once(open)
            && rest.contains(close)
        {
            return Err(Misread::new(
                format!("{key} is the unresolved placeholder {found}"),
                "Fill the template in, or put the name of a resource here.",
            ));
        }
    }
    let foreign = found.starts_with("arn:") || crate::ids::ContactId::parse(&found).is_some();
    Ok(match display {
        Some(name) if foreign => name.to_owned(),
        _ => found,
    })
}

/// Exports of different years keep the name in different places.
fn display_name<'a>(metadata: &'a Value, key: &str) -> Option<&'a str> {
    let places: [Option<&Value>; 5] = [
        metadata.pointer(&format!("/parameters/{key}/displayName")),
        metadata.get("promptName").filter(|_| key == "PromptId"),
        metadata.pointer("/queue/text").filter(|_| key == "QueueId"),
        metadata.pointer("/agent/text").filter(|_| key == "AgentId"),
        metadata.pointer("/contactFlow/text").filter(|_| key.ends_with("FlowId")),
    ];
    places.into_iter().flatten().find_map(Value::as_str).filter(|name| !name.is_empty())
}

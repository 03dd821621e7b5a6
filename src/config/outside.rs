//! The world outside as the tables name it: where an external quick connect calls, and as whom.

use super::table::{At, Table};
use crate::contact::{CallerId, CallerIdChoice, Outside};
use crate::limits::E164_DIGITS;
use crate::sip::Uri;
use crate::trunk::TrunkSetup;

/// One address, where nothing looks names up, or a number that a trunk leads to.
pub(super) fn outside(table: &Table<'_>, address: &At<String>, trunks: &[TrunkSetup]) -> Outside {
    if address.value.starts_with('+') {
        if !is_number(&address.value) || !trunks.iter().any(|trunk| trunk.allows(&address.value)) {
            let cure = "Write a number in E.164 that begins with one of the prefixes of a trunk.";
            table.fault(address.span.clone(), format!("no trunk leads to {}", address.value), cure);
        }
        return Outside::Number(address.value.clone());
    }
    let fits = Uri::parse(&address.value).is_ok_and(|uri| uri.is_sip() && uri.host.ip().is_some());
    if !fits {
        let problem = format!("\"{}\" cannot be called", address.value);
        let cure = "Write it as \"sip:uas@127.0.0.1:5070\", or a number as \"+15550199\".";
        table.fault(address.span.clone(), problem, cure);
    }
    Outside::Address(address.value.clone())
}

/// `caller_id = "queue"`, `"customer"`, or `{ name = "…", number = "+15550100" }`.
pub(super) fn caller_id_choice(table: &mut Table<'_>) -> CallerIdChoice {
    if table.is_table("caller_id") {
        return caller_id(table, "caller_id").map_or(CallerIdChoice::Queue, CallerIdChoice::Fixed);
    }
    match table.text("caller_id") {
        None => CallerIdChoice::Queue,
        Some(At { value, .. }) if value == "queue" => CallerIdChoice::Queue,
        Some(At { value, .. }) if value == "customer" => CallerIdChoice::Customer,
        Some(At { value, span }) => {
            let cure = "Write \"queue\", \"customer\", or { name = \"…\", number = \"+15550100\" }.";
            table.fault(span, format!("caller_id is nobody's: \"{value}\""), cure);
            CallerIdChoice::Queue
        }
    }
}

/// `{ name = "Example Support", number = "+15550100" }`
pub(super) fn caller_id(table: &mut Table<'_>, key: &'static str) -> Option<CallerId> {
    if !table.is_table(key) {
        if table.has(key) {
            let cure = format!("Write {key} = {{ name = \"…\", number = \"+15550100\" }}.");
            table.fault(table.place(key), format!("{key} is not a table"), cure);
            table.text(key);
        }
        return None;
    }
    let mut caller = table.table(key);
    let name = caller.text("name").map(|at| at.value).unwrap_or_default();
    let number = caller.required("number");
    if let Some(At { value, span }) = number.as_ref().filter(|number| !is_number(&number.value)) {
        let cure = "Write it in E.164, as \"+15550100\".";
        caller.fault(span.clone(), format!("\"{value}\" is no number to call with"), cure);
    }
    caller.finish();
    number.map(|number| CallerId { name, number: number.value })
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (1..=E164_DIGITS).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
}

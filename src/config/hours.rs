//! [[hours]]: when a queue is open, in the words of a week.

use super::table::Table;
use crate::routing::Hours;

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Without a week it is open at any time.
pub(super) fn read(table: &mut Table<'_>) -> Option<Hours> {
    let zone = table.text("time_zone");
    let name = zone.as_ref().map_or("UTC", |zone| zone.value.as_str());
    let hours = Hours::closed(name);
    if let (None, Some(zone)) = (&hours, zone) {
        let problem = format!("there is no time zone {}", zone.value);
        table.fault(zone.span, problem, "Write its name in the tz database, as \"Europe/Berlin\" or \"UTC\".");
    }
    if !table.has("week") {
        return Some(Hours::always());
    }
    let mut week = table.table("week");
    let mut hours = hours.unwrap_or_else(Hours::always);
    for (number, day) in DAYS.into_iter().enumerate() {
        for text in week.texts(day).map(|at| at.value).unwrap_or_default() {
            if !hours.open(number, &text.value) {
                let problem = format!("\"{}\" are no hours", text.value);
                let cure = "Write them as \"09:00-17:30\", at most \"00:00-24:00\"; what passes midnight goes on the next day.";
                week.fault(text.span, problem, cure);
            }
        }
    }
    week.finish();
    Some(hours)
}

//! How a phone of a story behaves from some moment on: options of the RFCs that it has, and the ways of real phones.

use super::fault::Trouble;
use super::words::Words;
use crate::phone::{AfterTransfer, Habits, Refresher, Reliable, SessionTimer, Video};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Habit {
    /// When it hangs up what it transfers.
    AfterTransfer(AfterTransfer),
    TransfersLikeLinphone,
    TransfersUntold,
    Reliable(Reliable),
    EarlySound,
    Timer(SessionTimer),
    TimerNotBelow(u32),
    OffersLate(bool),
    HoldsByUpdate,
    NoUpdate,
    LocksCodec,
    Video(Video),
    Packets(u8),
    NoEvents,
    AutoAnswer,
}

/// The forms, for the fault that lists them.
pub const FORMS: &[&str] = &[
    "hangs up once a transfer is accepted",
    "hangs up once a transfer is done",
    "waits after a transfer",
    "transfers like Linphone",
    "transfers without being told",
    "rings reliably",
    "calls reliably only",
    "rings with early sound",
    "keeps a session timer of 90 s",
    "lets others keep a session timer of 90 s",
    "breaks a session timer of 90 s",
    "takes no session timer below 600 s",
    "offers late",
    "offers at once",
    "holds by UPDATE",
    "has no UPDATE",
    "locks the codec",
    "offers video before the audio",
    "offers video after the audio",
    "sends packets of 40 ms",
    "knows no telephone-events",
    "honours auto-answer",
];

/// Reads what follows the party's name; `None` if it is no habit.
pub fn read(words: &mut Words) -> Result<Option<Habit>, Trouble> {
    let fixed = [
        ("hangs up once a transfer is accepted", Habit::AfterTransfer(AfterTransfer::LeavesAtOnce)),
        ("hangs up once a transfer is done", Habit::AfterTransfer(AfterTransfer::LeavesWhenDone)),
        ("waits after a transfer", Habit::AfterTransfer(AfterTransfer::Waits)),
        ("transfers like Linphone", Habit::TransfersLikeLinphone),
        ("transfers without being told", Habit::TransfersUntold),
        ("rings reliably", Habit::Reliable(Reliable::Supported)),
        ("calls reliably only", Habit::Reliable(Reliable::Required)),
        ("rings with early sound", Habit::EarlySound),
        ("offers late", Habit::OffersLate(true)),
        ("offers at once", Habit::OffersLate(false)),
        ("holds by UPDATE", Habit::HoldsByUpdate),
        ("has no UPDATE", Habit::NoUpdate),
        ("locks the codec", Habit::LocksCodec),
        ("offers video before the audio", Habit::Video(Video::Before)),
        ("knows no telephone-events", Habit::NoEvents),
        ("honours auto-answer", Habit::AutoAnswer),
        ("offers video after the audio", Habit::Video(Video::After)),
    ];
    if let Some((_, habit)) = fixed.into_iter().find(|(form, _)| words.take(form)) {
        return Ok(Some(habit));
    }
    let timer = [
        ("keeps a session timer of", Refresher::Us, true),
        ("lets others keep a session timer of", Refresher::Them, true),
        ("breaks a session timer of", Refresher::Us, false),
    ];
    if let Some((_, refresher, keeps_its_word)) = timer.into_iter().find(|(form, ..)| words.take(form)) {
        let timer = SessionTimer::of(seconds(words)?);
        return Ok(Some(Habit::Timer(SessionTimer { refresher, keeps_its_word, ..timer })));
    }
    if words.take("takes no session timer below") {
        return Ok(Some(Habit::TimerNotBelow(seconds(words)?)));
    }
    if words.take("sends packets of") {
        let column = words.column();
        let millis = words.duration()?.as_millis();
        return match u8::try_from(millis) {
            Ok(millis @ 10..=60) if millis % 10 == 0 => Ok(Some(Habit::Packets(millis))),
            _ => Err(Trouble::new(column, format!("no phone sends packets of {millis} ms"), "write 10, 20, ... 60 ms")),
        };
    }
    Ok(None)
}

fn seconds(words: &mut Words) -> Result<u32, Trouble> {
    let column = words.column();
    let time = words.duration()?.as_secs();
    u32::try_from(time)
        .ok()
        .filter(|time| *time > 0)
        .ok_or_else(|| Trouble::new(column, "a session timer counts whole seconds", "write it as `90 s`"))
}

impl Habit {
    pub fn form(&self, habits: &mut Habits) {
        match self {
            Habit::AfterTransfer(after) => habits.after_transfer = *after,
            Habit::TransfersLikeLinphone => habits.transfers_like_linphone = true,
            Habit::TransfersUntold => habits.transfers_untold = true,
            Habit::Reliable(reliable) => habits.reliable = *reliable,
            Habit::EarlySound => habits.early_media = true,
            Habit::Timer(timer) => habits.timer = Some(*timer),
            Habit::TimerNotBelow(least) => {
                let timer = habits.timer.unwrap_or(SessionTimer::of(1800));
                habits.timer = Some(SessionTimer { least: *least, seconds: timer.seconds.max(*least), ..timer });
            }
            Habit::OffersLate(late) => habits.offers_late = *late,
            Habit::HoldsByUpdate => habits.changes_by_update = true,
            Habit::NoUpdate => habits.no_update = true,
            Habit::LocksCodec => habits.locks_codec = true,
            Habit::Video(video) => habits.video = *video,
            Habit::Packets(millis) => habits.ptime = *millis,
            Habit::NoEvents => habits.no_events = true,
            Habit::AutoAnswer => habits.auto_answer = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_habit_is_read_and_changes_something() {
        for form in FORMS {
            let mut words = Words::split(form, &[]).unwrap();
            let habit = read(&mut words).unwrap().unwrap_or_else(|| panic!("{form}"));
            assert!(words.done().is_ok(), "{form}");
            let mut habits = Habits::default();
            habit.form(&mut habits);
            let usual = ["waits after a transfer", "offers at once"].contains(form);
            assert_eq!(habits == Habits::default(), usual, "{form}");
        }
        for wrong in ["sends packets of 15 ms", "sends packets of 200 ms", "keeps a session timer of 10 ms"] {
            assert!(read(&mut Words::split(wrong, &[]).unwrap()).is_err(), "{wrong}");
        }
    }
}

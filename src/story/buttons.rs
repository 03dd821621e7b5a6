//! What an agent presses: quick connect, join, hold, swap, drop, leave, status; on the screen or by feature code.

use super::fault::{Trouble, nearest};
use super::keys;
use super::script::Party;
use super::words::Words;

/// A button, with the party's row it stands in where it needs one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    QuickConnect(String),
    /// A number of the number pad, while on a contact.
    Dial(String),
    /// The same while on none.
    Call(String),
    CallQuickConnect(String),
    Join,
    Swap,
    HoldAll,
    ResumeAll,
    Hold(Party),
    Resume(Party),
    Drop(Party),
    Mute(Party),
    Unmute(Party),
    Digits(String, Party),
    Leave,
    Accept,
    Reject,
    Clear,
    SuspendRecording,
    ResumeRecording,
    Status(String),
    /// Of the contact that this agent is on.
    Monitor(Party),
    Listen,
    Coach,
    Barge,
}

/// How it is pressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// On the screen: the HTTP API.
    #[default]
    Screen,
    /// Digits keyed on the phone.
    FeatureCode(String),
    /// A call from the phone's second line to the quick connect's address.
    SecondLine,
}

pub const FORMS: &[&str] = &[
    "presses quick connect maria",
    "presses dial +15550199",
    "presses call +15550199",
    "presses call quick connect bank",
    "presses join",
    "presses swap",
    "presses hold all",
    "presses resume all",
    "presses hold maria",
    "presses resume maria",
    "presses drop maria",
    "presses mute maria",
    "presses unmute maria",
    "presses digits 123 to maria",
    "presses leave",
    "presses accept",
    "presses reject",
    "presses clear",
    "presses suspend recording",
    "presses resume recording",
    "presses status Available",
    "presses monitor maria",
    "presses listen",
    "presses coach",
    "presses barge",
];

/// Reads what follows `presses`.
pub fn read(words: &mut Words) -> Result<(Press, By), Trouble> {
    let press = if words.take("quick connect") {
        Press::QuickConnect(words.text("the quick connect's id")?.0)
    } else if words.take("dial") {
        Press::Dial(words.text("a number")?.0)
    } else if words.take("call quick connect") {
        Press::CallQuickConnect(words.text("the quick connect's id")?.0)
    } else if words.take("call") {
        Press::Call(words.text("a number")?.0)
    } else if words.take("hold all") {
        Press::HoldAll
    } else if words.take("resume all") {
        Press::ResumeAll
    } else if words.take("suspend recording") {
        Press::SuspendRecording
    } else if words.take("resume recording") {
        Press::ResumeRecording
    } else if words.take("hold") {
        Press::Hold(words.party()?)
    } else if words.take("resume") {
        Press::Resume(words.party()?)
    } else if words.take("drop") {
        Press::Drop(words.party()?)
    } else if words.take("mute") {
        Press::Mute(words.party()?)
    } else if words.take("unmute") {
        Press::Unmute(words.party()?)
    } else if words.take("digits") {
        let digits = keys::digits(words)?;
        if !words.take("to") {
            return Err(Trouble::new(
                words.column(),
                "whom the digits go to is missing",
                "write `presses digits 123 to maria`",
            ));
        }
        Press::Digits(digits, words.party()?)
    } else if words.take("status") {
        Press::Status(words.text("a status")?.0)
    } else if words.take("monitor") {
        Press::Monitor(words.party()?)
    } else if words.take("listen") {
        Press::Listen
    } else if words.take("coach") {
        Press::Coach
    } else if words.take("barge") {
        Press::Barge
    } else if words.take("join") {
        Press::Join
    } else if words.take("swap") {
        Press::Swap
    } else if words.take("leave") {
        Press::Leave
    } else if words.take("accept") {
        Press::Accept
    } else if words.take("reject") {
        Press::Reject
    } else if words.take("clear") {
        Press::Clear
    } else {
        let names = FORMS.iter().filter_map(|form| form.split(' ').nth(1));
        let cure = match words.peek().and_then(|word| nearest(word, names)) {
            Some(near) => {
                FORMS.iter().filter(|f| f.split(' ').nth(1) == Some(near)).copied().collect::<Vec<_>>().join("` or `")
            }
            None => FORMS.join("` or `"),
        };
        return Err(Trouble::new(
            words.column(),
            format!("there is no button `{}`", words.rest()),
            format!("write `{cure}`"),
        ));
    };
    Ok((press, how(words)?))
}

fn how(words: &mut Words) -> Result<By, Trouble> {
    if words.take_any(&["by http", "on the screen", "by screen"]).is_some() {
        Ok(By::Screen)
    } else if words.take("by feature code") {
        Ok(By::FeatureCode(keys::digits(words)?))
    } else if words.take_any(&["by second line", "by the second line", "on the second line"]).is_some() {
        Ok(By::SecondLine)
    } else if words.take("by") {
        Err(Trouble::new(
            words.column(),
            format!("a button is not pressed by `{}`", words.rest()),
            "write `by http`, `by feature code *411#` or `by second line`",
        ))
    } else {
        Ok(By::Screen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_in_the_list_is_read() {
        let parties = [Party::from("maria")];
        for form in FORMS {
            let mut words = Words::split(form, &parties).unwrap();
            assert!(words.take("presses"));
            read(&mut words).unwrap();
            assert!(words.done().is_ok(), "{form}");
        }
    }

    #[test]
    fn a_button_can_be_pressed_three_ways() {
        let qc = || Press::QuickConnect("maria".into());
        for (text, by) in [
            ("quick connect maria", By::Screen),
            ("quick connect maria by http", By::Screen),
            ("quick connect maria by feature code *411#", By::FeatureCode("*411#".into())),
            ("quick connect maria by second line", By::SecondLine),
        ] {
            assert_eq!(read(&mut Words::split(text, &[]).unwrap()).unwrap(), (qc(), by), "{text}");
        }
        let fault = read(&mut Words::split("jion", &[]).unwrap()).unwrap_err();
        assert_eq!(fault.cure, "write `presses join`");
        assert!(read(&mut Words::split("join by magic", &[]).unwrap()).is_err());
    }
}

//! The demonstration over real sockets: a newcomer sees and hears the product, and a story that does not happen fails.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use cordboard::audio::{Clip, power};
use cordboard::demo;
use cordboard::phone::ear::NOTES;
use std::path::PathBuf;
use std::process::{Command, Output};

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("cordboard-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Plays one story of the program, and gives the page and what each of the three heard.
fn shown(name: &str) -> (String, Vec<Vec<u8>>) {
    let folder = scratch(name);
    let show = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cordboard"));
        command.args(["demo", name, "--out", folder.to_str().unwrap()]).output().unwrap()
    };
    let mut done = show();
    // It counts milliseconds in real time. A machine that is too busy for that says so, and gets more chances.
    let is_busy = |done: &Output| String::from_utf8_lossy(&done.stdout).contains("This machine is busy");
    for _ in 0..5 {
        if !is_busy(&done) {
            break;
        }
        println!("{}", String::from_utf8_lossy(&done.stdout));
        done = show();
    }
    let page = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{page}{}", String::from_utf8_lossy(&done.stderr));
    let third = if name == "external" { "bank" } else { PARTIES[2] };
    let heard =
        [PARTIES[0], PARTIES[1], third].map(|party| std::fs::read(folder.join(format!("{party}.wav"))).unwrap());
    std::fs::remove_dir_all(folder).unwrap();
    (page, heard.into())
}

/// In this order the phones take their notes.
const PARTIES: [&str; 3] = ["customer", "john", "maria"];

#[test]
fn the_agent_quick_connect_is_shown_and_can_be_listened_to() {
    let (page, files) = shown("agent");
    for told in [
        "john presses quick connect maria",
        "ok  customer hears CustomerHold.wav within 60 ms",
        "INVITE customer, sendonly",
        "customer hears                      john hears                          maria hears",
        "All of it happened",
    ] {
        assert!(page.contains(told), "{told} in {page}");
    }
    let wide: Vec<&str> = page.lines().filter(|line| line.chars().count() > 120).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    // Each file holds the notes of the other two, and not its own.
    for (number, (party, file)) in PARTIES.into_iter().zip(files).enumerate() {
        let heard = Clip::read(&file).unwrap();
        for (other, note) in NOTES.into_iter().take(PARTIES.len()).enumerate() {
            let loud = heard.pcm().chunks(400).filter(|piece| power(piece, f32::from(note)) > 2_000.0).count();
            let seconds = loud / 20;
            assert_eq!(seconds >= 2, other != number, "{party} hears {} for {seconds} s", PARTIES[other]);
        }
    }
}

#[test]
fn the_queue_quick_connect_is_shown() {
    let (page, _) = shown("queue");
    for told in [
        "john presses quick connect password-reset",
        "ok  maria hears \"Connecting you to PasswordReset queue\" in full",
        "ok  john's row password-reset is connecting",
        "All of it happened",
    ] {
        assert!(page.contains(told), "{told} in {page}");
    }
}

#[test]
fn the_external_quick_connect_is_shown() {
    let (page, _) = shown("external");
    for told in [
        "john presses quick connect bank",
        "ok  john hears ringback",
        "ok  bank's phone shows \"Example Support\"",
        "ok  bank hears CustomerHold.wav",
        "All of it happened",
    ] {
        assert!(page.contains(told), "{told} in {page}");
    }
}

/// A call lives on one media thread, the next call on the next: one of these two moves to the other's, sockets and all.
#[test]
fn two_calls_of_different_media_threads_become_one() {
    let file = "tests/stories/attended_transfer_of_direct_calls.story";
    let text = std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    for last in [false, false, true] {
        let mut page = Vec::new();
        let happened = demo::show(file, &text, None, &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        let busy = !happened && page.contains("This machine is busy");
        println!("{page}");
        if !busy || last {
            assert!(happened, "{page}");
            break;
        }
    }
}

#[test]
fn what_does_not_happen_is_told_with_what_was_there_instead() {
    let story = "Story: Nobody sings\nGuests: customer\n\nA call:\n  customer dials 9001\n  \
                 expect customer hears CustomerHold.wav within 2 s\n  expect customer hears the busy tone within 200 ms\n";
    let mut page = Vec::new();
    let happened = demo::show("nobody.story", story, None, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert!(!happened, "{page}");
    for told in [
        "ok  customer hears CustomerHold.wav",
        "FAILED  customer hears the busy tone",
        "instead: customer heard CustomerHold.wav",
        "in nobody.story, line 7",
        "Not all of it happened",
    ] {
        assert!(page.contains(told), "{told} in {page}");
    }
    assert_eq!(demo::ending(happened), std::process::ExitCode::FAILURE);
    assert_eq!(demo::ending(true), std::process::ExitCode::SUCCESS);
}

#[test]
fn a_story_that_cannot_be_read_is_no_story() {
    let fault =
        demo::show("wrong.story", "Story: x\nGuests: customer\n\nA:\n  customer sings\n", None, &mut Vec::new());
    assert!(fault.unwrap_err().to_string().starts_with("wrong.story:5:"));
}

//! The stories played by built-in phones over real sockets against a running switch.
//!
//! `cordboard demo` needs no softphone and no configuration: it starts the lab on free ports, plays a story of
//! `tests/stories` in real time, and shows what everybody did, heard and saw.

mod loopback;
mod page;
mod screens;
mod timeline;

use crate::config::{self, Source};
use crate::io::StartError;
use crate::limits::FRAME;
use crate::site::Site;
use crate::story::{self, Evidence, Party, Stage as _, Story, Told};
use crate::time::{Duration, Time};
use loopback::Loopback;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `cordboard demo`: see and hear what the switch does, without a softphone.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which story.
    #[arg(value_enum, default_value_t = Which::All)]
    pub story: Which,
    /// Puts what each party heard into this folder, as PARTY.wav.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Which {
    /// An agent asks a colleague while the customer holds, joins the two, and leaves.
    Agent,
    /// An agent asks a queue: whoever is free there answers.
    Queue,
    /// An agent asks somebody outside, behind a trunk.
    External,
    /// Every story there is.
    All,
}

impl Which {
    fn name(self) -> Option<&'static str> {
        match self {
            Which::Agent => Some("agent"),
            Which::Queue => Some("queue"),
            Which::External => Some("external"),
            Which::All => None,
        }
    }
}

/// A story that is part of the program.
struct Scene {
    name: &'static str,
    file: &'static str,
    text: &'static str,
}

const SCENES: &[Scene] = &[
    Scene {
        name: "agent",
        file: "tests/stories/agent_quick_connect.story",
        text: include_str!("../../tests/stories/agent_quick_connect.story"),
    },
    Scene {
        name: "queue",
        file: "tests/stories/queue_quick_connect.story",
        text: include_str!("../../tests/stories/queue_quick_connect.story"),
    },
    Scene {
        name: "external",
        file: "tests/stories/external_quick_connect.story",
        text: include_str!("../../tests/stories/external_quick_connect.story"),
    },
];

/// Phones that are later than one frame of sound cannot tell 60 ms from 80.
const BUSY: Duration = FRAME;

/// Why a story could not be shown at all.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Story(Vec<story::Fault>),
    #[error("the lab that is built in is wrong: {0:?}")]
    Lab(Vec<config::Fault>),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the lab listens on no UDP address")]
    NoUdp,
    #[error("the operating system refuses: {0}")]
    System(#[from] io::Error),
    #[error("the event stream of the switch cannot be read: {0}")]
    Screens(String),
    #[error("{} cannot be written: {cause}", .path.display())]
    Sound { path: PathBuf, cause: io::Error },
}

/// Plays what was asked for. 0 when all of it happened, 1 when something did not.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let mut happened = true;
    for scene in SCENES {
        let folder = match args.story.name() {
            Some(name) if name != scene.name => continue,
            Some(_) => args.out.clone(),
            None => args.out.as_ref().map(|folder| folder.join(scene.name)),
        };
        match show(scene.file, scene.text, folder.as_deref(), &mut io::stdout()) {
            Ok(all) => happened &= all,
            Err(fault) => {
                eprintln!("cordboard demo: {fault}");
                happened = false;
            }
        }
    }
    ending(happened)
}

/// How the program ends: 1 when something that was expected did not happen.
#[must_use]
pub fn ending(happened: bool) -> ExitCode {
    if happened { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays one story on a switch of its own and shows it on `page`; whether all of it happened. What each party heard
/// goes into `folder`.
pub fn show(file: &str, text: &str, folder: Option<&Path>, page: &mut dyn Write) -> Result<bool, Fault> {
    let story = story::parse(file, text).map_err(Fault::Story)?;
    let scratch = Scratch::new()?;
    let mut site = config::load(&Source::Lab).map_err(Fault::Lab)?;
    site.http.admin_token_file = scratch.0.join("token");
    site.store = None;
    play(&story, site, folder, page)
}

fn play(story: &Story, site: Site, folder: Option<&Path>, page: &mut dyn Write) -> Result<bool, Fault> {
    let mut stage = Loopback::new(story, site)?;
    // A reader that has gone away, as in a pipe to `head`, does not stop the story.
    let mut print = |text: &str| drop(page.write_all(text.as_bytes()).and_then(|()| page.flush()));
    print(&page::opening(story, &stage));
    let begin = stage.now();
    let mut done: Vec<(Time, String)> = Vec::new();
    let (mut met, mut evidence) = (0_usize, Evidence::default());
    let outcome = story::play(story, &mut stage, &mut evidence, &mut |told| {
        match told {
            Told::Did { at, text, .. } => done.push((*at, (*text).to_owned())),
            Told::Met { .. } => met += 1,
            Told::Phase(_) => {}
        }
        print(&page::step(told, begin));
    });
    let took = stage.now().since(begin).as_secs_f64();
    stage.listen(&mut evidence);
    if let Err(failure) = &outcome {
        print(&page::failure(failure));
    }
    print(&format!("\nThe SIP between the phones and the switch\n\n{}", page::ladder(story, &stage, &done, begin)));
    print(&format!(
        "\nWhat each of them heard, measured (| goes on)\n\n{}",
        page::hearing(story, &stage, &evidence, &done, begin)
    ));
    let counts = format!("{} actions, {met} expectations met, {took:.1} s", done.len());
    print(&match &outcome {
        Ok(()) => format!("\nAll of it happened: {counts}.\n"),
        Err(failure) => {
            format!("\nNot all of it happened: {counts}.\n{}", page::wrapped(&failure.text, "FAILED: ", "        "))
        }
    });
    if outcome.is_err() && stage.late() > BUSY {
        let late = stage.late().as_millis();
        print(&format!(
            "This machine is busy: its own phones were up to {late} ms late. Try it again when it is not.\n"
        ));
    }
    print(&match folder {
        Some(folder) => record(story, &stage, folder, begin)?,
        None => "With --out DIR, what each of them heard is there to listen to.\n".to_owned(),
    });
    Ok(outcome.is_ok())
}

/// A WAV file for each party, all of them beginning at the same moment.
fn record(story: &Story, stage: &Loopback, folder: &Path, begin: Time) -> Result<String, Fault> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| Fault::Sound { path, cause }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let mut files = Vec::new();
    for party in story.members.iter().map(|member| &member.party) {
        let Some(phone) = stage.cast().phone(party) else { continue };
        let path = folder.join(name(party));
        std::fs::write(&path, crate::audio::write(&timeline::recording(phone, begin))).map_err(failed(&path))?;
        files.push(path.display().to_string());
    }
    Ok(page::wrapped(&format!("Listen to it: {}", files.join(" ")), "", "  "))
}

fn name(party: &Party) -> String {
    format!("{party}.wav")
}

/// A folder for the switch's token, gone when the story is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Scratch> {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("cordboard-demo-{}-{number}", std::process::id()));
        // Its own, and nobody else's: what is there already is not taken.
        std::fs::create_dir(&folder)?;
        Ok(Scratch(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left behind, it is a few bytes in the temporary folder.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

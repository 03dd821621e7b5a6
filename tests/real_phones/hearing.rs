//! What phones heard, measured in their own recordings while they still record.

use super::process::PATIENCE;
use cordboard::audio::{Library, SAMPLE_RATE, note, write};
use cordboard::ids::PromptId;
use cordboard::phone::ear::{Ear, Hearing, Label};
use cordboard::time::Time;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What each party sings into its phone.
pub fn note_of(party: &str) -> u16 {
    match party {
        "customer" => 350,
        "john" => 650,
        "maria" => 850,
        "peter" => 1150,
        "anna" => 1350,
        "bank" => 1550,
        _ => panic!("{party} has no note"),
    }
}

const VOICES: [&str; 6] = ["customer", "john", "maria", "peter", "anna", "bank"];

/// A change must have got through jitter buffers and into files before it counts.
const SETTLE: Duration = Duration::from_millis(600);
/// What is judged at a time, and how much of it must be as told. Phones conceal and stretch where a machine is slow.
const WINDOW: Duration = Duration::from_millis(1500);
/// A busy machine has time for these at least, however long they take.
const WINDOWS: usize = 5;
const SHARE: f64 = 0.75;
const TRACE: f64 = 0.05;

/// A recording that grows.
pub trait Records {
    fn name(&self) -> &str;
    fn recording(&self) -> Option<PathBuf>;
}

/// What must be heard.
#[derive(Clone, Copy, Debug)]
pub enum Sound<'a> {
    /// Exactly these parties.
    Only(&'a [&'a str]),
    /// This prompt, and nobody's voice.
    Prompt(&'a str),
    /// The flow of a queue or transfer: sound of ours, and nobody's voice.
    Flow,
}

/// Writes three minutes of a party's note, for its phone to play.
pub fn sing(file: &Path, party: &str) {
    let pcm = note(f32::from(note_of(party)), 9_000, 0, 180 * SAMPLE_RATE as usize);
    fs::write(file, write(&pcm)).unwrap();
}

/// The sound of a recording so far. Its header does not yet know how long it will be.
fn pcm(file: Option<PathBuf>) -> Vec<i16> {
    const HEADER: usize = 44;
    let bytes = file.and_then(|file| fs::read(file).ok()).unwrap_or_default();
    let Some((header, data)) = bytes.split_at_checked(HEADER) else { return Vec::new() };
    // Mono, 8 kHz, 16 bit: what these phones write for G.711. Linphone writes its header when it is done.
    let known = header[..4] != *b"RIFF" || header[22..36] == [1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0];
    assert!(known, "another kind of WAV");
    data.as_chunks().0.iter().map(|sample| i16::from_le_bytes(*sample)).collect()
}

fn length(sound: &[i16]) -> Duration {
    Duration::from_micros(sound.len() as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
}

pub struct Listener {
    library: Arc<Library>,
}

impl Listener {
    pub fn new(library: &Arc<Library>) -> Listener {
        Listener { library: library.clone() }
    }

    /// An ear for voices and the prompts that may be there: looking for every prompt in every crackle takes long.
    fn ear(&self, wanted: Sound) -> Ear {
        let mut library = Library::default();
        library.prompts.extend(self.library.prompts.iter().filter_map(|(id, clip)| {
            let sought = match wanted {
                Sound::Only(_) => false,
                Sound::Prompt(prompt) => *id == PromptId::from(prompt),
                Sound::Flow => true,
            };
            sought.then(|| (id.clone(), clip.clone()))
        }));
        Ear::new(Arc::new(library), &VOICES.map(note_of))
    }

    /// Waits until those who talk hear all the others of them and nothing else, and the rest what it must hear.
    pub fn talk(&self, phase: &str, together: &[&dyn Records], apart: &[(&dyn Records, Sound)]) {
        let others = |own: &str| -> Vec<&str> {
            together.iter().map(|phone| phone.name()).filter(|name| *name != own).collect()
        };
        let others: Vec<Vec<&str>> = together.iter().map(|phone| others(phone.name())).collect();
        let talking = together.iter().zip(&others).map(|(phone, others)| (*phone, Sound::Only(others)));
        self.phase(phase, &talking.chain(apart.iter().copied()).collect::<Vec<_>>());
    }

    /// Waits until each phone heard, all in the same window, what it must hear in this phase.
    pub fn phase(&self, phase: &str, all: &[(&dyn Records, Sound)]) {
        let begin = Instant::now();
        let mut settle = SETTLE;
        for window in 1.. {
            let heard = self.window(phase, settle, all);
            let story = heard.iter().zip(all).map(|(heard, (phone, wanted))| {
                (is(heard, *wanted), format!("{} hears {} (must: {wanted:?})", phone.name(), told(heard)))
            });
            let (fits, lines): (Vec<bool>, Vec<String>) = story.unzip();
            if fits.iter().all(|fits| *fits) {
                println!("{phase}, after {} ms\n  {}", begin.elapsed().as_millis(), lines.join("\n  "));
                return;
            }
            println!("not yet {phase}, after {} ms\n  {}", begin.elapsed().as_millis(), lines.join("\n  "));
            assert!(window < WINDOWS || begin.elapsed() < PATIENCE, "{phase}:\n  {}", lines.join("\n  "));
            settle = Duration::ZERO;
        }
    }

    /// What each recording gains in one window from now on.
    fn window(&self, phase: &str, settle: Duration, all: &[(&dyn Records, Sound)]) -> Vec<Hearing> {
        let begin = Instant::now();
        let from: Vec<Duration> = all.iter().map(|(phone, _)| length(&pcm(phone.recording())) + settle).collect();
        loop {
            let now: Vec<Vec<i16>> = all.iter().map(|(phone, _)| pcm(phone.recording())).collect();
            if now.iter().zip(&from).all(|(pcm, from)| length(pcm) >= *from + WINDOW) {
                let samples = |span: Duration| (span.as_micros() * u128::from(SAMPLE_RATE) / 1_000_000) as usize;
                let cut = |((_, wanted), (pcm, from)): (&(&dyn Records, Sound), (&Vec<i16>, &Duration))| {
                    let from = samples(*from);
                    self.ear(*wanted).listen_to_recording(Time::default(), &pcm[from..from + samples(WINDOW)])
                };
                return all.iter().zip(now.iter().zip(&from)).map(cut).collect();
            }
            for ((phone, _), (pcm, from)) in all.iter().zip(now.iter().zip(&from)) {
                let late = begin.elapsed() > PATIENCE && length(pcm) < *from + WINDOW;
                assert!(!late, "{phase}: {} records nothing more than {:?}", phone.name(), length(pcm));
            }
            std::thread::sleep(Duration::from_millis(60));
        }
    }
}

fn share(heard: &Hearing, label: &Label) -> f64 {
    heard.share(label, Time::default(), Time::default() + WINDOW)
}

fn is(heard: &Hearing, wanted: Sound) -> bool {
    let voice = |party: &&str| share(heard, &Label::Note(note_of(party))) > TRACE;
    match wanted {
        Sound::Only(parties) => {
            let mut notes: Vec<u16> = parties.iter().map(|party| note_of(party)).collect();
            notes.sort_unstable();
            share(heard, &Label::Notes(notes)) >= SHARE
                && !VOICES.iter().filter(|party| !parties.contains(party)).any(voice)
        }
        Sound::Prompt(prompt) => {
            share(heard, &Label::Prompt(PromptId::from(prompt))) >= SHARE && !VOICES.iter().any(voice)
        }
        Sound::Flow => {
            let prompts = heard.frames.iter().filter(|(_, heard)| matches!(heard.label(), Label::Prompt(_))).count();
            prompts * 2 >= heard.frames.len() && !VOICES.iter().any(voice)
        }
    }
}

fn told(heard: &Hearing) -> String {
    let spans = heard.story();
    let told: Vec<String> =
        spans.iter().map(|span| format!("{} {} ms", span.label, span.to.since(span.from).as_millis())).collect();
    told.join(", ")
}

//! Tests of the ear: what was played is what is named, alone, mixed, cut, lost and recorded.

use super::*;
use crate::audio::{Clip, Codec, Decoder, Encoder, add, note};
use crate::ids::Mint;

/// Something like speech: syllables of noise through a few resonances, with pauses, the same for the same seed.
fn babble(seed: u64, millis: usize) -> Vec<i16> {
    let mut mint = Mint::new(seed);
    let mut pcm = vec![0i16; 8 * 60];
    while pcm.len() < 8 * millis {
        let (pitch, length) = (90 + mint.below(120), 800 + mint.below(1600));
        let formants = [300 + mint.below(500), 900 + mint.below(1400), 2200 + mint.below(900)];
        for n in 0..length {
            let swell = (n as f64 / length as f64 * std::f64::consts::PI).sin();
            let hum = |hz: u64| (n as f64 * hz as f64 / 8000.0 * std::f64::consts::TAU).sin();
            let noise = mint.below(2000) as f64 - 1000.0;
            let voice = (hum(pitch) + hum(formants[0]) + 0.7 * hum(formants[1]) + 0.4 * hum(formants[2])) * 3000.0;
            pcm.push(((voice + noise) * swell) as i16);
        }
        pcm.extend(std::iter::repeat_n(0i16, 400 + mint.below(1200) as usize));
    }
    pcm
}

fn ear() -> Ear {
    let mut library = Library::default();
    for (seed, name) in ["Welcome.wav", "CustomerHold.wav", "Whisper.wav"].into_iter().enumerate() {
        library.prompts.insert(name.into(), Arc::new(Clip::new(babble(seed as u64 + 1, 2500))));
    }
    Ear::new(Arc::new(library), &NOTES)
}

fn clip(ear: &Ear, name: &str) -> Vec<i16> {
    ear.library.clip(&name.into()).unwrap().pcm().to_vec()
}

fn prompt(name: &str) -> Label {
    Label::Prompt(name.into())
}

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1000)
}

/// The sound as a phone gets it: coded, in packets of 20 ms, from 0 on.
fn frames(codec: Codec, pcm: &[i16]) -> Vec<HeardFrame> {
    let packet = |(n, chunk): (usize, &[i16])| {
        let (mut payload, mut out) = (vec![0; chunk.len()], Vec::new());
        Encoder::new(codec).encode(chunk, &mut payload);
        Decoder::new(codec).decode(&payload, &mut out);
        let n = n as u32;
        HeardFrame { at: at(20 * u64::from(n)), sequence: n as u16, timestamp: 7000 + n * 160, pcm: out }
    };
    pcm.chunks_exact(FRAME_SAMPLES).enumerate().map(packet).collect()
}

fn hum(hz: &[u16], millis: usize) -> Vec<i16> {
    let mut sum = vec![0; millis * 8];
    for hz in hz {
        add(&mut sum, &note(f32::from(*hz), 6000, 37, millis * 8));
    }
    sum
}

#[test]
fn a_prompt_is_known_frame_by_frame_with_its_pauses() {
    let ear = ear();
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let pcm = clip(&ear, "Welcome.wav");
        let hearing = ear.listen(&frames(codec, &pcm));
        let numbers: Vec<u32> = hearing
            .frames
            .iter()
            .filter_map(|(_, heard)| match heard {
                Heard::Prompt(id, n) if id.as_str() == "Welcome.wav" => Some(*n),
                _ => None,
            })
            .collect();
        assert_eq!(numbers.len() * 160, pcm.len(), "{codec:?}: {:?}", hearing.story());
        assert!(numbers.iter().enumerate().all(|(n, found)| n as u32 == *found));
    }
}

#[test]
fn one_sound_after_another() {
    let ear = ear();
    let pcm = [
        vec![0; 1600],
        clip(&ear, "Welcome.wav"),
        Tone::Beep.clip().pcm().to_vec(),
        hum(&[350], 400),
        hum(&[350, 650, 1150], 400),
        vec![0; 800],
        hum(&[650], 400),
        clip(&ear, "CustomerHold.wav").split_at(16_000).0.to_vec(),
        hum(&[350, 650], 200),
    ]
    .concat();
    let told: Vec<String> =
        ear.listen(&frames(Codec::Pcmu, &pcm)).story().iter().map(|span| span.label.to_string()).collect();
    assert_eq!(
        told,
        [
            "silence",
            "Welcome.wav",
            "beep",
            "350 Hz",
            "350 + 650 + 1150 Hz",
            "silence",
            "650 Hz",
            "CustomerHold.wav",
            "350 + 650 Hz"
        ]
    );
}

#[test]
fn every_mixture_of_notes_comes_apart() {
    let ear = ear();
    for many in 1..=5 {
        for first in 0..NOTES.len() - many {
            let notes = &NOTES[first..first + many];
            let hearing = ear.listen(&frames(Codec::Pcma, &hum(notes, 100)));
            let all = Label::Notes(notes.to_vec());
            assert!(hearing.frames.iter().all(|(_, heard)| heard.is(&all)), "{notes:?}: {:?}", hearing.story());
        }
    }
}

#[test]
fn tones_have_their_names_and_keep_them_through_their_pauses() {
    let ear = ear();
    for tone in Tone::ALL {
        let round = tone.clip().pcm().to_vec();
        let hearing = ear.listen(&frames(Codec::Pcmu, &[round.clone(), round].concat()));
        let story = hearing.story();
        assert!(story.iter().all(|span| span.label == Label::Tone(tone)), "{tone:?}: {story:?}");
    }
}

#[test]
fn loss_breaks_no_span() {
    let ear = ear();
    let pcm = [clip(&ear, "Welcome.wav"), clip(&ear, "Welcome.wav"), hum(&[550], 1000)].concat();
    let mut mint = Mint::new(3);
    let whole = frames(Codec::Pcmu, &pcm);
    let some: Vec<HeardFrame> = whole.iter().filter(|_| mint.below(100) >= 15).cloned().collect();
    let hearing = ear.listen(&some);
    let labels: Vec<Label> = hearing.story().into_iter().map(|span| span.label).collect();
    assert!(
        labels.iter().all(|label| *label == prompt("Welcome.wav") || *label == Label::Notes(vec![550])),
        "{labels:?}"
    );
    let end = whole.last().unwrap().at + FRAME;
    assert!(hearing.dead_air(at(0), end) <= Duration::from_millis(100));
    assert!(hearing.share(&prompt("Welcome.wav"), at(0), at(2000)) > 0.75);
}

#[test]
fn strange_sound_is_unknown() {
    let hearing = ear().listen(&frames(Codec::Pcmu, &babble(99, 1000)));
    assert!(hearing.frames.iter().all(|(_, heard)| matches!(heard, Heard::Unknown | Heard::Silence)));
}

#[test]
fn time_is_measured() {
    let ear = ear();
    let pcm = [hum(&[350], 200), vec![0; 640], hum(&[350, 550], 200), hum(&[550], 200)].concat();
    let hearing = ear.listen(&frames(Codec::Pcmu, &pcm));
    let (start, end) = (at(0), at(680));
    assert_eq!(hearing.dead_air(start, end), Duration::from_millis(80));
    assert_eq!(hearing.dead_air(start, at(200)), Duration::ZERO);
    assert_eq!(hearing.dead_air(start, at(900)), Duration::from_millis(220), "nothing came in at the end");
    assert_eq!(hearing.dead_air(at(220), at(260)), Duration::from_millis(40));
    assert_eq!(hearing.spans(&Label::Note(350), start, end), [(at(0), at(200)), (at(280), at(480))]);
    assert_eq!(hearing.spans(&Label::Notes(vec![350]), start, end), [(at(0), at(200))]);
    assert!((hearing.share(&Label::Note(550), at(280), at(680)) - 1.0).abs() < 0.01);
    assert!((hearing.share(&Label::Note(350), at(280), at(680)) - 0.5).abs() < 0.01);
    assert_eq!(hearing.first(&Label::Note(550), start), Some(at(280)));
    assert_eq!(hearing.at(at(230)), Some(&Heard::Silence));
    assert_eq!(hearing.at(at(900)), None);
}

#[test]
fn recordings_are_understood_too() {
    let ear = ear();
    let parts: [(&str, Vec<i16>); 6] = [
        ("650 Hz", hum(&[650], 700)),
        ("CustomerHold.wav", clip(&ear, "CustomerHold.wav")),
        ("350 + 650 Hz", hum(&[350, 650], 600)),
        ("Whisper.wav", clip(&ear, "Whisper.wav")),
        ("busy tone", Tone::Busy.clip().pcm()[..4000].to_vec()),
        ("silence", vec![0; 4000]),
    ];
    let mut mint = Mint::new(8);
    // Another level, an odd start, and the noise of a sound card.
    let mut pcm = vec![0; 1237];
    let mut begun = Vec::new();
    for (name, part) in &parts {
        begun.push((*name, pcm.len() as u64 / 8, part.len() as u64 / 8));
        pcm.extend(part);
    }
    for sample in &mut pcm {
        *sample = (f64::from(*sample) * 0.6) as i16 + mint.below(40) as i16 - 20;
    }
    let hearing = ear.listen_to_recording(at(0), &pcm);
    for (name, from, millis) in begun {
        let story = hearing.story();
        let (from, to) = (at(from + 80), at(from + millis - 80));
        let share = story
            .iter()
            .filter(|span| span.label.to_string() == name)
            .map(|span| span.to.min(to).since(span.from.max(from)).as_secs_f64())
            .sum::<f64>()
            / to.since(from).as_secs_f64();
        assert!(share > 0.85, "{name}: {share} of {story:#?}");
    }
}

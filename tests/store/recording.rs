//! Recordings on a real disk: what a crash leaves of one, and a call that goes on when the disk takes no more.

use super::lab::{Lab, Phone, Program, scratch, until};
use cordboard::audio::{Codec, Encoder, note, power};
use cordboard::rtp::{Header, write};
use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const CUSTOMER: f32 = 550.0;
const JOHN: f32 = 750.0;

/// A phone's sound, until it is dropped.
struct Hum {
    over: Arc<AtomicBool>,
    /// Packets that came for it.
    heard: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Hum {
    fn new(socket: UdpSocket, to: SocketAddr, hz: f32) -> Hum {
        let (over, heard) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (end, count) = (Arc::clone(&over), Arc::clone(&heard));
        let thread = std::thread::spawn(move || {
            let begin = Instant::now();
            let mut buffer = [0; 2048];
            for number in 0_u32.. {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let mut payload = [0; 160];
                Encoder::new(Codec::Pcmu).encode(&note(hz, 8_000, u64::from(number) * 160, 160), &mut payload);
                let header = Header {
                    payload_type: 0,
                    marker: number == 0,
                    seq: number as u16,
                    timestamp: number * 160,
                    ssrc: hz as u32,
                };
                let mut packet = [0; 172];
                write(&header, &payload, None, &mut packet).unwrap();
                let _gone = socket.send_to(&packet, to);
                // Whatever came since; SIP is looked for when nobody hums.
                socket.set_nonblocking(true).unwrap();
                while let Ok((length, _)) = socket.recv_from(&mut buffer) {
                    if length == 172 && buffer[0] == 0x80 {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
                socket.set_nonblocking(false).unwrap();
                std::thread::sleep(
                    (begin + Duration::from_millis(20) * (number + 1)).saturating_duration_since(Instant::now()),
                );
            }
        });
        Hum { over, heard, thread: Some(thread) }
    }

    fn heard(&self) -> usize {
        self.heard.load(Ordering::Relaxed)
    }
}

impl Drop for Hum {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// The customer talks with John, and both hum.
struct Talk {
    customer: Phone,
    tag: String,
    hums: [Hum; 2],
    contact: String,
}

impl Talk {
    fn begin(lab: &Lab) -> Talk {
        let (customer, john) = (Phone::new(lab.sip), Phone::new(lab.sip));
        john.register("john");
        let (tag, answer) = customer.call_and_answer("1000");
        let customers = Hum::new(customer.socket(), Phone::sound_to(&answer), CUSTOMER);
        let invite = john.answer();
        let johns = Hum::new(john.socket(), Phone::sound_to(&invite), JOHN);
        let contact = lab.told("CONNECTED_TO_AGENT");
        Talk { customer, tag, hums: [customers, johns], contact }
    }

    fn end(self) {
        drop(self.hums);
        self.customer.hang_up("1000", &self.tag);
    }
}

fn state(lab: &Lab) -> String {
    let snapshot = lab.get("/api/agents/john").1;
    snapshot["contacts"][0]["recording"]["state"].as_str().unwrap_or("none").to_owned()
}

/// The one file in the folder of the recordings.
fn only_file(folder: &Path) -> PathBuf {
    let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let files: Vec<PathBuf> = list(&folder.join("recordings")).flat_map(|day| list(&day).collect::<Vec<_>>()).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    file.clone()
}

/// Both sides of a WAV file, by a reader that is not ours.
fn sides(file: &[u8]) -> (Vec<i16>, Vec<i16>) {
    let mut wav = hound::WavReader::new(file).unwrap();
    let spec = wav.spec();
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (2, 8_000, 16));
    let samples: Vec<i16> = wav.samples::<i16>().collect::<Result<_, _>>().unwrap();
    samples.chunks_exact(2).map(|pair| (pair[0], pair[1])).unzip()
}

/// The share of 100 ms stretches in which a note sounds.
fn share(pcm: &[i16], hz: f32) -> f32 {
    let parts = pcm.chunks_exact(800).filter(|part| power(part, hz) > 4_000.0).count();
    parts as f32 / (pcm.len() / 800).max(1) as f32
}

#[test]
fn kill_9_leaves_a_recording_that_can_be_played() {
    let folder = scratch("recording-crash");
    let url = format!("sqlite:{}", folder.join("cordboard.db").display());
    let mut program = Program::serve_with(&folder, &url, "record = true", "");
    let talk = Talk::begin(&program.lab);
    let began = Instant::now();
    assert_eq!(state(&program.lab), "recording");
    std::thread::sleep(Duration::from_secs(5));
    program.kill();
    let lasted = began.elapsed();

    let path = only_file(&folder);
    assert_eq!(path.file_stem().unwrap().to_str(), Some(talk.contact.as_str()), "named after the contact");
    let file = fs::read(&path).unwrap();
    // Our own reader, and another's.
    let clip = cordboard::audio::Clip::read(&file).unwrap();
    let (left, right) = sides(&file);
    assert_eq!(clip.duration().as_millis() as usize, left.len() / 8);
    let seconds = left.len() as f64 / 8_000.0;
    assert!(lasted.as_secs_f64() - seconds < 1.2, "{seconds} s of {lasted:?}");
    assert!(share(&left, CUSTOMER) > 0.8 && share(&left, JOHN) == 0.0, "the customer left");
    assert!(share(&right, JOHN) > 0.8 && share(&right, CUSTOMER) == 0.0, "his agent right");
}

#[test]
fn a_full_disk_ends_the_recording_and_not_the_call() {
    let folder = scratch("recording-full");
    let url = format!("sqlite:{}", folder.join("cordboard.db").display());
    // No file of the program's can grow beyond 128 KB: four seconds of a recording.
    let shell = "trap '' XFSZ; ulimit -f 256";
    let program = Program::serve_with(&folder, &url, "record = true", shell);
    let lab = &program.lab;
    let talk = Talk::begin(lab);
    assert_eq!(lab.press("john", "suspendContactRecording").0, 200);
    assert_eq!((state(lab).as_str(), lab.press("john", "suspendContactRecording").0), ("suspended", 409));
    assert_eq!((lab.press("john", "resumeContactRecording").0, state(lab).as_str()), (200, "recording"));
    until("the disk is full", || state(lab) == "stopped");
    assert_eq!(lab.press("john", "suspendContactRecording").0, 409, "nothing is recorded any more");

    // They go on talking.
    let before = talk.hums.each_ref().map(Hum::heard);
    until("both hear each other for a second more", || {
        talk.hums.iter().zip(before).all(|(hum, before)| hum.heard() > before + 50)
    });
    let contact = talk.contact.clone();
    let log = fs::read_to_string(folder.join("log")).unwrap();
    let alarm =
        log.lines().find(|line| line.contains("a recording cannot be written")).unwrap_or_else(|| panic!("{log}"));
    assert!(alarm.contains("ERROR") && alarm.contains(&contact), "{alarm}");
    let metrics = lab.fetch("/metrics", "", "");
    let metrics = String::from_utf8_lossy(metrics.body()).into_owned();
    assert!(metrics.contains("cordboard_recordings_failed_total 1"), "{metrics}");

    // What there is belongs to the contact, for whoever had a part in it.
    talk.end();
    assert_eq!(lab.told("COMPLETED"), contact);
    let record = lab.get(&format!("/api/contacts/{contact}")).1["contact"]["Recordings"].clone();
    assert_eq!((record[0]["Status"].as_str(), record.as_array().unwrap().len()), (Some("AVAILABLE"), 1), "{record}");
    let path = format!("/api/contacts/{contact}/recording");
    let whole = lab.fetch(&path, "", "");
    let header = |name: &str| whole.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!((whole.status().as_u16(), header("content-type")), (200, "audio/wav".to_owned()));
    let (left, right) = sides(whole.body());
    assert!((3 * 8_000..=4 * 8_000).contains(&left.len()), "{} samples", left.len());
    assert!(share(&left, CUSTOMER) > 0.5 && share(&right, JOHN) > 0.5);
    let stopped = record[0]["StopTimestamp"].as_str().unwrap().to_owned();
    let started = record[0]["StartTimestamp"].as_str().unwrap().to_owned();
    let seconds = |text: &str| text[17..23].parse::<f64>().unwrap();
    let length = (seconds(&stopped) - seconds(&started)).rem_euclid(60.0);
    assert!((length - left.len() as f64 / 8_000.0).abs() < 0.002, "{started} to {stopped}, and {} samples", left.len());

    // In part, for players that seek.
    let part = lab.fetch(&path, "john", "bytes=44-1043");
    assert_eq!((part.status().as_u16(), part.body().as_slice()), (206, &whole.body()[44..1044]));
    let range = part.headers().get("content-range").unwrap().to_str().unwrap().to_owned();
    assert_eq!(range, format!("bytes 44-1043/{}", whole.body().len()));
    let beyond = lab.fetch(&path, "", "bytes=999999999-");
    assert_eq!(beyond.status().as_u16(), 416);
    for (path, who, status) in [
        (path.clone(), "maria", 403),
        (path.replace(&contact, "00000000-0000-4000-8000-000000000000"), "", 404),
        (path.replace(&contact, "..%2f..%2fcordboard.token"), "", 404),
    ] {
        let problem = lab.fetch(&path, who, "");
        assert_eq!(problem.status().as_u16(), status, "{path}");
        assert_eq!(problem.headers().get("content-type").unwrap(), "application/problem+json", "{path}");
    }
    // A contact of the echo is not recorded; a file that somebody has taken away is not there.
    let echo = lab.call_and_complete();
    assert_eq!(lab.fetch(&format!("/api/contacts/{echo}/recording"), "", "").status().as_u16(), 404);
    fs::remove_file(only_file(&folder)).unwrap();
    assert_eq!(lab.fetch(&path, "", "").status().as_u16(), 404);
}

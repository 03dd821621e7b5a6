//! Pieces and disks that take them, or do not.

use super::*;
use crate::ids::Mint;
use crate::io::inbox::inbox;
use crate::time::Time;
use std::sync::mpsc::sync_channel;
use std::time::SystemTime;

const SINCE: Time = Time::from_micros(1_795_363_200_000_000);

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("cordboard-{}-recordings-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn contact(number: u64) -> ContactId {
    Mint::new(number).contact_id()
}

/// Half a second that begins so many half seconds on: `sample` on the left, its opposite on the right.
fn piece(number: u64, half: u64, sample: i16) -> Piece {
    let pcm = if sample == 0 { Vec::new() } else { [sample, -sample].repeat(4_000) };
    Piece { contact: contact(number), since: SINCE, from: half * 4_000, to: (half + 1) * 4_000, pcm, last: false }
}

fn read(folder: &Path, number: u64) -> Vec<i16> {
    let path = folder.join(location(contact(number), SINCE));
    let mut wav = hound::WavReader::open(path).unwrap();
    let spec = wav.spec();
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (2, 8_000, 16));
    wav.samples::<i16>().collect::<Result<_, _>>().unwrap()
}

fn writer(folder: &Path) -> (Writer, crate::io::inbox::Tray) {
    let (inbox, tray) = inbox();
    (Writer { folder: folder.to_owned(), inbox: Some(inbox), files: BTreeMap::new() }, tray)
}

#[test]
fn a_file_is_right_after_every_piece_and_silent_where_one_is_missing() {
    let folder = scratch("pieces");
    let (mut writer, _tray) = writer(&folder);
    assert_eq!(location(contact(1), SINCE), format!("2026-11-22/{}.wav", contact(1)));
    let mut expected: Vec<i16> = Vec::new();
    // The third was lost on its way, the fifth is silence, and another media thread begins half a second early.
    for (half, sample) in [(0, 100), (1, 200), (3, 400), (4, 0), (5, 600), (5, 700)] {
        writer.take(&piece(1, half, sample));
        expected.resize(half as usize * 8_000, 0);
        expected.extend(if sample == 0 { vec![0; 8_000] } else { [sample, -sample].repeat(4_000) });
        // Whatever happens now - kill -9 - this is what is there.
        assert_eq!(read(&folder, 1), expected, "after half second {half}");
    }
    let end = Piece { from: 24_000, to: 26_000, pcm: Vec::new(), last: true, ..piece(1, 0, 0) };
    writer.take(&end);
    assert!(writer.files.is_empty());
    expected.resize(26_000 * 2, 0);
    assert_eq!(read(&folder, 1), expected);
    // Nobody else's business.
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.join(location(contact(1), SINCE))), 0o600);
    assert_eq!(mode(&folder.join("2026-11-22")), 0o700);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_disk_that_takes_nothing_ends_that_recording_and_is_told_of() {
    let folder = scratch("full");
    let (mut writer, tray) = writer(&folder);
    let told = |tray: &crate::io::inbox::Tray| match tray.next() {
        Some(Input::RecordingFailed { contact, kept }) => Some((contact, kept)),
        _ => None,
    };
    // A full disk from the beginning: nothing is left behind.
    let path = folder.join(location(contact(1), SINCE));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    writer.take(&piece(1, 0, 100));
    assert_eq!(told(&tray), Some((contact(1), Duration::ZERO)));
    assert!(std::fs::symlink_metadata(&path).is_err());
    // It is told once, and what comes later is nobody's.
    writer.take(&piece(1, 1, 100));
    assert_eq!(told(&tray), None);
    writer.take(&Piece { last: true, ..piece(1, 2, 0) });
    assert!(writer.files.is_empty());

    // Full after a second: that is kept, and can be played.
    writer.take(&piece(2, 0, 100));
    writer.take(&piece(2, 1, 100));
    let readonly = File::open(folder.join(location(contact(2), SINCE))).unwrap();
    writer.files.insert(contact(2), Kept::Open { file: readonly, samples: 8_000 });
    writer.take(&piece(2, 2, 100));
    assert_eq!(told(&tray), Some((contact(2), Duration::from_secs(1))));
    assert_eq!(read(&folder, 2).len(), 16_000);

    // Another is none the worse for it.
    writer.take(&piece(3, 0, 100));
    assert_eq!(told(&tray), None);
    assert_eq!(read(&folder, 3).len(), 8_000);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_is_told_of() {
    let folder = scratch("unwritable");
    let file = folder.join("recordings");
    std::fs::write(&file, "no folder").unwrap();
    let (mut writer, tray) = writer(&file);
    writer.take(&piece(1, 0, 100));
    let told = tray.next();
    assert!(matches!(told, Some(Input::RecordingFailed { kept: Duration::ZERO, .. })), "{told:?}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_media_thread_never_waits_and_no_end_is_lost() {
    let (sender, pieces) = sync_channel(2);
    let mut tapes = Tapes::new(sender);
    let end = Piece { last: true, ..piece(1, 4, 0) };
    tapes.give(piece(1, 0, 100));
    tapes.give(piece(1, 1, 100));
    // The disk stands still.
    tapes.give(piece(1, 2, 100));
    tapes.give(piece(1, 3, 100));
    tapes.give(end.clone());
    assert!(!tapes.is_idle());
    tapes.flush();
    assert_eq!([pieces.recv().unwrap().from, pieces.recv().unwrap().from], [0, 4_000]);
    assert!(pieces.try_recv().is_err(), "what there was no room for is gone");
    tapes.flush();
    assert_eq!(pieces.try_recv().unwrap(), end);
    assert!(tapes.is_idle());
}

#[test]
fn recordings_past_their_time_go_and_nothing_else() {
    let folder = scratch("expire");
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let before = old + Duration::from_secs(1);
    let make = |path: &str, written: SystemTime| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "sound").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    };
    let id = contact(1);
    make(&format!("2020-01-01/{id}.wav"), old);
    make(&format!("2020-01-02/{id}.wav"), old);
    make(&format!("2020-01-02/{}.wav", contact(2)), SystemTime::now());
    make("2020-01-02/notes.txt", old);
    make("2020-01-02/song.wav", old);
    make(&format!("elsewhere/{id}.wav"), old);
    assert_eq!(expire(&folder, before).unwrap(), 2);
    let left = |path: &str| folder.join(path).exists();
    assert!(!left("2020-01-01"), "an empty day goes");
    assert!(!left(&format!("2020-01-02/{id}.wav")));
    for kept in [&format!("2020-01-02/{}.wav", contact(2)), "2020-01-02/notes.txt", "2020-01-02/song.wav"] {
        assert!(left(kept), "{kept}");
    }
    assert!(left(&format!("elsewhere/{id}.wav")));
    assert_eq!(expire(&folder.join("none"), before).unwrap(), 0);
    std::fs::remove_dir_all(&folder).unwrap();
}

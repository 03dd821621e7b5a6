//! The fuzz targets on a stable compiler: each seed of `fuzz/seeds`, and a counted number of changed ones.
//!
//! `FUZZ_RUNS=n` changes that many for each target; `FUZZ_FILE=path` plays one input of a target, by
//! `cargo test --test fuzz TARGET`. `fuzz/run` lets libFuzzer look for more.

#[path = "fuzz/change.rs"]
mod change;
#[path = "fuzz/digest.rs"]
mod digest;
#[path = "fuzz/engine.rs"]
mod engine;
#[path = "fuzz/frame.rs"]
mod frame;
#[path = "fuzz/message.rs"]
mod message;
#[path = "fuzz/rtcp.rs"]
mod rtcp;
#[path = "fuzz/rtp.rs"]
mod rtp;
#[path = "fuzz/sdp.rs"]
mod sdp;

use change::Changes;
use std::cell::RefCell;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Once;

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// A bug that the engine catches is a bug too, so panics are counted where they begin.
fn listen_for_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| PANICS.with_borrow_mut(|panics| panics.push(info.to_string()))));
    });
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("a seed"))).collect()
}

/// Plays one input; what went wrong, in words.
fn fault(target: fn(&[u8]), input: &[u8]) -> Option<String> {
    PANICS.with_borrow_mut(Vec::clear);
    let played = panic::catch_unwind(AssertUnwindSafe(|| target(input)));
    let panics = PANICS.with_borrow_mut(std::mem::take);
    (played.is_err() || !panics.is_empty()).then(|| panics.join("\n"))
}

/// Every seed as it is, then `runs` changed ones.
fn play(name: &str, target: fn(&[u8]), folders: &[&str], runs: u64) {
    listen_for_panics();
    if let Some(path) = std::env::var_os("FUZZ_FILE") {
        let input = fs::read(&path).expect("the file of FUZZ_FILE");
        if let Some(fault) = fault(target, &input) {
            println!("{fault}");
            panic!("a law is broken");
        }
        return;
    }
    let seeds: Vec<_> = folders.iter().flat_map(|folder| files(folder)).collect();
    let inputs: Vec<Vec<u8>> = seeds.iter().map(|(_, bytes)| bytes.clone()).collect();
    let given = seeds.into_iter().map(|(path, bytes)| (path.display().to_string(), bytes));
    let runs = std::env::var("FUZZ_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(runs);
    let mut changes = Changes::new(inputs, &fs::read_to_string(root().join("fuzz/words")).expect("fuzz/words"));
    let changed = (0..runs).map(|number| (format!("change {number}"), changes.next(number)));
    for (what, input) in given.chain(changed) {
        if let Some(fault) = fault(target, &input) {
            let file = std::env::temp_dir().join(format!("cordboard-fuzz-{name}-{}", std::process::id()));
            let kept = fs::write(&file, &input).map_or_else(|e| e.to_string(), |()| file.display().to_string());
            println!("{name}, {what}: {fault}\n\nFUZZ_FILE={kept} plays it again:\n{}", input.escape_ascii());
            panic!("a law is broken");
        }
    }
}

#[test]
fn message_target() {
    play("message", message::run, &["fuzz/seeds/message", "tests/wire/rfc4475"], 20_000);
}

#[test]
fn frame_target() {
    play("frame", frame::run, &["fuzz/seeds/frame", "tests/wire/rfc4475"], 20_000);
}

#[test]
fn sdp_target() {
    play("sdp", sdp::run, &["fuzz/seeds/sdp"], 10_000);
}

#[test]
fn rtp_target() {
    play("rtp", rtp::run, &["fuzz/seeds/rtp"], 2_000);
}

#[test]
fn rtcp_target() {
    play("rtcp", rtcp::run, &["fuzz/seeds/rtcp"], 50_000);
}

#[test]
fn digest_target() {
    play("digest", digest::run, &["fuzz/seeds/digest"], 20_000);
}

#[test]
fn engine_target() {
    play("engine", engine::run, &["fuzz/seeds/engine"], 200);
}

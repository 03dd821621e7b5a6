//! libFuzzer's door to the target `sdp`.
#![no_main]

#[path = "../../tests/fuzz/sdp.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::run(data));

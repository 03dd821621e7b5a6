//! libFuzzer's door to the target `rtp`.
#![no_main]

#[path = "../../tests/fuzz/rtp.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::run(data));

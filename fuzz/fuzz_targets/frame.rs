//! libFuzzer's door to the target `frame`.
#![no_main]

#[path = "../../tests/fuzz/frame.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::run(data));

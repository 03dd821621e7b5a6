//! libFuzzer's door to the target `engine`.
#![no_main]

#[path = "../../tests/fuzz/engine.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::run(data));

//! libFuzzer's door to the target `digest`.
#![no_main]

#[path = "../../tests/fuzz/digest.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::run(data));

//! libFuzzer's door to the target `rtcp`.
#![no_main]

#[path = "../../tests/fuzz/rtcp.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::run(data));

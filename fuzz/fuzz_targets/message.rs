//! libFuzzer's door to the target `message`.
#![no_main]

#[path = "../../tests/fuzz/message.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::run(data));

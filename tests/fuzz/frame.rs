//! Any stream, cut anywhere: the same messages come out, none longer than is allowed, and a lost stream stays lost.

use cordboard::limits::MESSAGE_BYTES;
use cordboard::sip::{Frame, Framer, parse};

/// The first byte says how much arrives at a time; the rest is the stream.
pub fn run(data: &[u8]) {
    let Some((first, stream)) = data.split_first() else { return };
    let whole = frames(stream, stream.len().max(1));
    let cut = frames(stream, usize::from(*first) + 1);
    assert_eq!(whole, cut, "whole, and in pieces of {}", usize::from(*first) + 1);
}

/// What came out, and whether the stream was lost.
fn frames(stream: &[u8], step: usize) -> (Vec<Frame>, bool) {
    let mut framer = Framer::new();
    let (mut found, mut lost) = (Vec::new(), false);
    for piece in stream.chunks(step) {
        framer.push(piece);
        while let Some(frame) = framer.next() {
            assert!(!lost, "a lost stream gives nothing more");
            match frame {
                Ok(frame) => {
                    if let Frame::Message(bytes) = &frame {
                        assert!(!bytes.is_empty() && bytes.len() <= MESSAGE_BYTES);
                        let _ = parse(bytes.clone());
                    }
                    found.push(frame);
                }
                Err(error) => {
                    let _ = error.answer(([192, 0, 2, 1], 5060).into());
                    lost = true;
                    assert!(!framer.is_waiting(), "a lost stream keeps nothing");
                }
            }
        }
    }
    (found, lost)
}

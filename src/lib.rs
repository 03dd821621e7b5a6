//! Cordboard: a SIP/RTP softswitch that does contact-centre quick connects on ordinary phones.
//!
//! The rooms stand on floors; a room imports only from lower floors (`tests/tidy.rs` holds that).
//! ARCHITECTURE.md tells what each is for and why.

// Floor 0: what everything counts in.
pub mod ids;
pub mod limits;
pub mod time;

// Floor 1: one vocabulary each, knowing nothing of the others.
pub mod audio;
pub mod flow;
pub mod routing;
pub mod rtp;
pub mod sdp;
pub mod sip;

// Floor 2: machines made of one or two vocabularies.
pub mod contact;
pub mod media;
pub mod phone;
pub mod registrar;
pub mod trunk;

// Floor 3: one party, and the checked picture of the installation.
pub mod leg;
pub mod site;

// Floor 4: the one writer.
pub mod engine;

// Floor 5: text in, records out, sight.
pub mod config;
pub mod store;
pub mod telemetry;

// Floor 6: the API, and the language of the stories.
pub mod control;
pub mod story;

// Floor 7: sockets, threads, the clock.
pub mod io;

// Floor 8: programs on top.
pub mod ctl;
pub mod demo;

//! The HTTP API and its event stream.

//! The HTTP API from a shell.

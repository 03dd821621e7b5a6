//! TOML in, a checked site out; every fault with file, line, column and cure.

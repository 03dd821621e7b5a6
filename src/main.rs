//! The entry point: hands the command line to the program it names.
fn main() {}

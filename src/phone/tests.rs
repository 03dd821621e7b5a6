//! Phones against phones, in virtual time.

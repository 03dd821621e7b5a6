//! The plane under virtual time.

//! What a phone heard, put into words.

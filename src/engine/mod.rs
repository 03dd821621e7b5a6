//! The one writer: translates between the rooms and decides nothing itself.

//! What the session room promises, a row per RFC rule.

//! What the transaction room promises, a row per RFC rule.

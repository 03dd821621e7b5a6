//! The story language: who does what when, and who must hear whom.

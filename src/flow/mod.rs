//! The Amazon Connect Flow language: model, check, interpreter.

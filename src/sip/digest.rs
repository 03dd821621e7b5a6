//! Who somebody is, proven without saying the password (RFC 7616, RFC 2617).

//! Offer and answer (RFC 8866, 3264): which codec, which address, which direction.

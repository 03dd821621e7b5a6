//! The admin token's file: made when missing, readable by its owner only.

use super::entropy;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The token in `path`, made there first when there is none.
pub(super) fn read_or_make(path: &Path) -> io::Result<String> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let token: String = entropy::bytes32()?.iter().map(|byte| format!("{byte:02x}")).collect();
            file.write_all(token.as_bytes())?;
            file.write_all(b"\n")?;
            Ok(token)
        }
        Err(fault) if fault.kind() == ErrorKind::AlreadyExists => {
            let token = fs::read_to_string(path)?.trim().to_owned();
            // An empty token would let everybody in.
            if token.len() < 16 {
                return Err(io::Error::new(
                    ErrorKind::InvalidData,
                    "it holds no token of 16 characters or more; delete it to have one made",
                ));
            }
            if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
                tracing::warn!(path = %path.display(), "the admin token can be read by others; chmod 600 it");
            }
            Ok(token)
        }
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_for_its_owner_only() {
        let path = std::env::temp_dir().join(format!("cordboard-token-{}", std::process::id()));
        let _none = fs::remove_file(&path);
        let token = read_or_make(&path).unwrap();
        assert_eq!(token.len(), 64);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read_or_make(&path).unwrap(), token);
        fs::write(&path, "\n").unwrap();
        assert_eq!(read_or_make(&path).unwrap_err().kind(), ErrorKind::InvalidData);
        fs::remove_file(&path).unwrap();
    }
}

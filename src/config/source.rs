//! Where an installation is read from: a folder, or the lab inside the binary.

use super::fault::Fault;
use super::lab;
use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    File(PathBuf),
    /// The lab, as it was when the binary was built.
    Lab,
}

/// A file's name and what is in it.
pub(super) type Content = (String, Cow<'static, [u8]>);

impl Source {
    /// The file that is used when none is named, where it is there; else the lab.
    #[must_use]
    pub fn default_place() -> Source {
        let usual = Path::new("sip-configs/cordboard.toml");
        if usual.is_file() { Source::File(usual.to_owned()) } else { Source::Lab }
    }

    /// For people: the path as it was given.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Source::File(path) => path.display().to_string(),
            Source::Lab => "(built in) sip-configs/cordboard.toml".to_owned(),
        }
    }

    pub(super) fn text(&self) -> Result<Cow<'static, str>, Fault> {
        match self {
            Source::Lab => Ok(Cow::Borrowed(lab::CONFIG)),
            Source::File(path) => fs::read_to_string(path).map(Cow::Owned).map_err(|error| {
                Fault::file(
                    &self.name(),
                    format!("it cannot be read: {error}"),
                    "Name another file with --config, or leave it out for the built-in lab.",
                )
            }),
        }
    }

    /// A folder that the configuration names, seen from the configuration.
    pub(super) fn folder(&self, named: &str) -> PathBuf {
        match self {
            Source::File(path) => path.parent().unwrap_or(Path::new("")).join(named),
            Source::Lab => PathBuf::from(named),
        }
    }

    /// The files of one kind in a folder that the configuration names, in the order of their names.
    pub(super) fn files(
        &self,
        named: &str,
        ending: &str,
        built_in: &'static [lab::File],
    ) -> Result<Vec<Content>, Fault> {
        let folder = self.folder(named);
        let full = |name: &str| folder.join(name).display().to_string();
        match self {
            Source::Lab => Ok(built_in
                .iter()
                .filter(|file| file.name.ends_with(ending))
                .map(|file| (full(file.name), Cow::Borrowed(file.bytes)))
                .collect()),
            Source::File(_) => {
                let unreadable = |name: &Path, error: std::io::Error| {
                    Fault::file(
                        &name.display().to_string(),
                        format!("it cannot be read: {error}"),
                        "Mend the path or its rights.",
                    )
                };
                let mut paths = Vec::new();
                for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))? {
                    let path = entry.map_err(|error| unreadable(&folder, error))?.path();
                    if path.is_file() && path.to_string_lossy().ends_with(ending) {
                        paths.push(path);
                    }
                }
                paths.sort();
                paths
                    .into_iter()
                    .map(|path| match fs::read(&path) {
                        Ok(bytes) => Ok((path.display().to_string(), Cow::Owned(bytes))),
                        Err(error) => Err(unreadable(&path, error)),
                    })
                    .collect()
            }
        }
    }
}

/// The last part of a path that [`Source::files`] gave.
pub(super) fn file_name(path: &str) -> &str {
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path)
}

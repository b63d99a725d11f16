//! Files that are named on the command line, or by a capture.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use trusthooks_explain::capture::MAX_LENGTH;

use crate::terminal::Visible;

/// The content of a file; `-` is standard input. Devices and pipes are opened only under a name
/// that the shell made for one that is open already, as `<(…)` does.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let said = |problem: &dyn std::fmt::Display| {
        format!("{}: {problem}", Visible(path.as_os_str().as_encoded_bytes()))
    };
    if path == Path::new("-") {
        return bounded(io::stdin().lock()).map_err(|error| format!("standard input: {error}"));
    }
    let is_open = ["/dev/fd/", "/proc/self/fd/", "/dev/stdin"]
        .iter()
        .any(|start| path.as_os_str().as_encoded_bytes().starts_with(start.as_bytes()));
    // Looked at before it is opened: to open a pipe is to wait for its writer.
    let kind = path.metadata().map_err(|error| said(&error))?.file_type();
    if kind.is_dir() {
        return Err(said(&"this is a folder"));
    }
    if !kind.is_file() && !is_open {
        return Err(said(&"not a regular file; to read a device or a pipe, pass `-` and `< FILE`"));
    }
    let file = File::open(path).map_err(|error| said(&error))?;
    bounded(file).map_err(|error| said(&error))
}

fn bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_LENGTH as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_LENGTH {
        return Err(io::Error::other("longer than 32 MiB"));
    }
    Ok(bytes)
}

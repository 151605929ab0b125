//! The policy files of a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use gw_model::PolicyFile;

/// The name's end that makes a file one of policies.
pub(crate) const EXTENSION: &str = "cedar";
/// Where a folder has its test cases.
const CASES: &str = "cases";
/// Largest policy file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Largest file of declared people, groups and apps.
const DECLARED_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Reads the files of a folder that end in `.cedar`, in the order of their names. What editors
/// leave beside them begins with a dot or ends otherwise.
pub(crate) fn read(folder: &Path) -> io::Result<Vec<PolicyFile>> {
    let files = with_extension(folder, EXTENSION)?;
    files.into_iter().map(file).collect()
}

fn file(path: PathBuf) -> io::Result<PolicyFile> {
    let most = match path.extension() {
        Some(extension) if extension == EXTENSION => FILE_BYTES_MAX,
        _ => DECLARED_BYTES_MAX,
    };
    if fs::metadata(&path)?.len() > most {
        let what = format!("`{}` is larger than {} MiB", path.display(), most >> 20);
        return Err(io::Error::other(what));
    }
    let text = fs::read_to_string(&path).map_err(|fault| {
        io::Error::other(format!("`{}` cannot be read: {fault}", path.display()))
    })?;
    Ok(PolicyFile {
        name: Arc::from(name_of(&path)),
        text: Arc::from(text),
    })
}

/// The files of declared state in a folder, in the order of their names.
pub(crate) fn declared(folder: &Path) -> io::Result<Vec<PolicyFile>> {
    let mut files = with_extension(folder, "toml")?;
    files.extend(with_extension(folder, EXTENSION)?);
    files.into_iter().map(file).collect()
}

/// The files of test cases beside the policies of a folder.
pub(crate) fn cases(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match with_extension(&folder.join(CASES), "toml") {
        Err(none) if none.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        found => found,
    }
}

/// The last part of a path, for people.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn with_extension(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = name_of(&path).starts_with('.');
        if !hidden && path.extension().is_some_and(|e| e == extension) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_policy_files_are_read_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "b.cedar",
            "a.cedar",
            ".a.cedar.swp",
            ".#a.cedar",
            "a.cedar~",
            "notes.txt",
        ] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        fs::create_dir(folder.path().join("old.cedar")).unwrap();
        let files = read(folder.path()).unwrap();
        let names: Vec<_> = files.iter().map(|file| &*file.name).collect();
        assert_eq!(names, ["a.cedar", "b.cedar"]);
        assert!(cases(folder.path()).unwrap().is_empty());
        assert!(read(&folder.path().join("none")).is_err());
    }
}

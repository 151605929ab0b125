//! A list of passwords that were in breaches: a file whose lines are sorted, searched where it lies.
//!
//! Its lines are SHA-1 hashes in hexadecimal digits, with a count after a colon or without, as the
//! well-known list has them; or the passwords themselves. It is never read whole.

use std::{
    cmp::Ordering,
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest;
use data_encoding::HEXUPPER;

/// The longest line, in bytes.
const LINE_MAX: usize = 2048;
/// Places of a file at which its order is looked at when it is opened.
const SAMPLES: u64 = 64;
/// The digits of a SHA-1.
const HASH_DIGITS: usize = 40;

/// A list that cannot be searched.
#[derive(Debug, thiserror::Error)]
pub enum BreachedFault {
    /// It cannot be read.
    #[error("the list of breached passwords `{}` cannot be read", path.display())]
    Unreadable {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is no such list.
    #[error(
        "the list of breached passwords `{}` {what}: it needs a line for each, sorted by bytes (LC_ALL=C sort), of at most {LINE_MAX} bytes",
        path.display()
    )]
    Form {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// What the lines of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    Hashes,
    Passwords,
}

/// A list that is open.
#[derive(Debug)]
pub(crate) struct BreachedList {
    path: PathBuf,
    file: File,
    length: u64,
    lines: Lines,
}

impl BreachedList {
    /// Opens a list, and looks at its order here and there.
    pub(crate) fn open(path: &Path) -> Result<Self, BreachedFault> {
        let unreadable = |source| BreachedFault::Unreadable {
            path: path.into(),
            source,
        };
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(unreadable(io::Error::other("it is no file")));
        }
        let mut list = Self {
            path: path.into(),
            file,
            length: metadata.len(),
            lines: Lines::Passwords,
        };
        if list.length == 0 {
            return Err(list.fault("is empty"));
        }
        if is_hash_line(&list.line_at(0)?.text) {
            list.lines = Lines::Hashes;
        }
        list.check_order()?;
        Ok(list)
    }

    /// Whether a password is on it.
    pub(crate) fn has(&self, password: &str) -> Result<bool, BreachedFault> {
        let wanted = match self.lines {
            Lines::Passwords => password.as_bytes().to_vec(),
            Lines::Hashes => {
                let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
                HEXUPPER.encode(hash.as_ref()).into_bytes()
            }
        };
        // Lines of which some begin from `low` on, and all before `high`.
        let (mut low, mut high) = (0, self.length);
        while low < high {
            let line = self.line_at(low + (high - low) / 2)?;
            match self.key(&line.text).cmp(&wanted) {
                Ordering::Equal => return Ok(true),
                Ordering::Less => low = line.end,
                Ordering::Greater => high = line.start,
            }
        }
        Ok(false)
    }

    fn check_order(&self) -> Result<(), BreachedFault> {
        let mut before: Option<(u64, Vec<u8>)> = None;
        for sample in 0..=SAMPLES {
            let at = (self.length - 1).saturating_mul(sample) / SAMPLES;
            let line = self.line_at(at)?;
            if self.lines == Lines::Hashes && !is_hash_line(&line.text) {
                return Err(self.fault("has a line that is no hash, below lines that are"));
            }
            let key = self.key(&line.text);
            if let Some((start, earlier)) = &before
                && *start != line.start
                && *earlier > key
            {
                return Err(self.fault("is not sorted"));
            }
            before = Some((line.start, key));
        }
        Ok(())
    }

    /// By what a line is sorted.
    fn key(&self, line: &[u8]) -> Vec<u8> {
        match self.lines {
            Lines::Passwords => line.to_vec(),
            Lines::Hashes => line
                .iter()
                .take(HASH_DIGITS)
                .map(u8::to_ascii_uppercase)
                .collect(),
        }
    }

    /// The line that a byte of the file is in.
    fn line_at(&self, at: u64) -> Result<Line, BreachedFault> {
        let reach = LINE_MAX as u64;
        let from = at.saturating_sub(reach);
        let window = self.read(from, self.length.min(at.saturating_add(reach)) - from)?;
        let place = usize::try_from(at - from).unwrap_or_default();
        let (before, after) = window.split_at_checked(place).unwrap_or((&window, &[]));
        let begin = match before.iter().rposition(|byte| *byte == b'\n') {
            Some(newline) => newline + 1,
            None if from == 0 => 0,
            None => return Err(self.fault("has a line that is too long")),
        };
        let ends = after.iter().position(|byte| *byte == b'\n');
        let (end, next) = match ends {
            Some(newline) => (place + newline, place + newline + 1),
            None if from + window.len() as u64 == self.length => (window.len(), window.len()),
            None => return Err(self.fault("has a line that is too long")),
        };
        let text = window.get(begin..end).unwrap_or_default();
        Ok(Line {
            text: text.strip_suffix(b"\r").unwrap_or(text).to_vec(),
            start: from + begin as u64,
            end: from + next as u64,
        })
    }

    fn read(&self, from: u64, length: u64) -> Result<Vec<u8>, BreachedFault> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        let read = self.file.read_exact_at(&mut bytes, from);
        read.map_err(|source| BreachedFault::Unreadable {
            path: self.path.clone(),
            source,
        })?;
        Ok(bytes)
    }

    fn fault(&self, what: &'static str) -> BreachedFault {
        BreachedFault::Form {
            path: self.path.clone(),
            what,
        }
    }
}

/// A line without its end, where it begins, and where the next one does.
struct Line {
    text: Vec<u8>,
    start: u64,
    end: u64,
}

fn is_hash_line(line: &[u8]) -> bool {
    let (hash, rest) = line.split_at_checked(HASH_DIGITS).unwrap_or((&[], line));
    hash.len() == HASH_DIGITS
        && hash.iter().all(u8::is_ascii_hexdigit)
        && (rest.is_empty() || rest.starts_with(b":"))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, io::Write as _};

    use proptest::prelude::*;

    use super::*;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file
    }

    fn hash(password: &str) -> String {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        HEXUPPER.encode(hash.as_ref())
    }

    fn fault(content: &[u8]) -> String {
        let file = file(content);
        BreachedList::open(file.path()).unwrap_err().to_string()
    }

    proptest! {
        #[test]
        fn what_is_on_it_is_found_and_nothing_else(
            passwords in prop::collection::btree_set("[ -~é]{1,20}", 1..60),
            others in prop::collection::vec("[ -~é]{1,20}", 0..20),
            hashed in any::<bool>(),
            (counts, carriage, last) in any::<(bool, bool, bool)>(),
        ) {
            let mut lines: Vec<String> = match hashed {
                true => passwords.iter().map(|p| hash(p)).collect::<BTreeSet<_>>().into_iter()
                    .map(|hash| if counts { format!("{hash}:3") } else { hash })
                    .collect(),
                false => passwords.iter().cloned().collect(),
            };
            lines.sort();
            let end = if carriage { "\r\n" } else { "\n" };
            let mut content = lines.join(end);
            if last {
                content.push_str(end);
            }
            let file = file(content.as_bytes());
            let list = BreachedList::open(file.path()).unwrap();
            for password in passwords.iter().chain(&others) {
                prop_assert_eq!(list.has(password).unwrap(), passwords.contains(password), "{}", password);
            }
        }
    }

    #[test]
    fn what_is_no_such_list_is_refused_and_says_why() {
        let missing = BreachedList::open(Path::new("/nowhere/list")).unwrap_err();
        assert!(
            missing
                .to_string()
                .contains("`/nowhere/list` cannot be read")
        );
        assert!(fault(b"").contains("is empty"));
        assert!(fault(b"zebra\nant\n").contains("is not sorted"));
        assert!(fault(&[b'x'; 5000]).contains("a line that is too long"));
        let mixed = format!("{}\nzebra\n", hash("a"));
        assert!(fault(mixed.as_bytes()).contains("no hash"));
        let folder = tempfile::tempdir().unwrap();
        let not_a_file = BreachedList::open(folder.path()).unwrap_err();
        assert!(not_a_file.to_string().contains("cannot be read"));
    }

    #[test]
    fn a_file_that_shrinks_while_it_is_searched_is_a_fault() {
        let file = file(b"ant\nbee\ncat\n");
        let list = BreachedList::open(file.path()).unwrap();
        file.as_file().set_len(2).unwrap();
        assert!(list.has("zebra").is_err());
    }
}

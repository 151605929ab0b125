//! A passphrase: from a file, or typed where it does not show. Never from the command line, which
//! others on the machine can read.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, Write as _},
    path::Path,
};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// Shortest passphrase that a backup is sealed under.
const LEAST: usize = 12;

/// Something that somebody knows.
pub(crate) struct Passphrase(Zeroizing<String>);

/// No passphrase.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PassphraseFault {
    /// The file cannot be read.
    #[error("the passphrase cannot be read from `{0}`: {1}")]
    File(String, io::Error),
    /// Nobody can be asked.
    #[error("there is no terminal to ask for the passphrase on")]
    NoTerminal(#[source] io::Error),
    /// It protects nothing.
    #[error("the passphrase has fewer than {LEAST} characters")]
    Short,
    /// Typed differently.
    #[error("the two passphrases differ")]
    Differ,
}

impl Passphrase {
    /// The first line of a file.
    pub(crate) fn from_file(path: &Path) -> Result<Self, PassphraseFault> {
        let failed = |fault| PassphraseFault::File(path.display().to_string(), fault);
        let file = File::open(path).map_err(failed)?;
        line(BufReader::new(file)).map_err(failed)
    }

    /// Asks on the terminal, without showing what is typed.
    pub(crate) fn asked(question: &str) -> Result<Self, PassphraseFault> {
        let failed = PassphraseFault::NoTerminal;
        let open = OpenOptions::new().read(true).write(true).open("/dev/tty");
        let terminal = open.map_err(failed)?;
        let silent = Silent::begin(&terminal).map_err(failed)?;
        write!(&terminal, "{question}: ").map_err(failed)?;
        let typed = line(BufReader::new(&terminal)).map_err(failed)?;
        drop(silent);
        writeln!(&terminal).map_err(failed)?;
        Ok(typed)
    }

    /// Asks twice, for one that somebody chooses.
    pub(crate) fn chosen() -> Result<Self, PassphraseFault> {
        let first = Self::asked("Passphrase for the keys in this backup")?.long_enough()?;
        let second = Self::asked("The same again")?;
        match first.0 == second.0 {
            true => Ok(first),
            false => Err(PassphraseFault::Differ),
        }
    }

    /// Itself, unless it is too short to protect anything.
    pub(crate) fn long_enough(self) -> Result<Self, PassphraseFault> {
        match self.0.chars().count() >= LEAST {
            true => Ok(self),
            false => Err(PassphraseFault::Short),
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
impl From<&str> for Passphrase {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

fn line(mut from: impl io::BufRead) -> io::Result<Passphrase> {
    let mut text = Zeroizing::new(String::new());
    from.read_line(&mut text)?;
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    Ok(Passphrase(text))
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silent<'t> {
    terminal: &'t File,
    before: Termios,
}

impl<'t> Silent<'t> {
    fn begin(terminal: &'t File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing anyway.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_its_first_line_without_its_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "correct horse battery\r\nsecond\n").unwrap();
        let read = Passphrase::from_file(file.path()).unwrap();
        assert_eq!(read.as_bytes(), b"correct horse battery");
    }

    #[test]
    fn a_short_one_seals_nothing() {
        assert!(Passphrase::from("short").long_enough().is_err());
        assert!(Passphrase::from("").long_enough().is_err());
        assert!(Passphrase::from("correct horse").long_enough().is_ok());
    }
}

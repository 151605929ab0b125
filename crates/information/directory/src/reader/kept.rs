//! What a reading keeps in memory: names are compared in a form that may be many times as long as
//! what was sent.

use super::READING_BYTES_MAX;
use crate::{fault::DirectoryFault, message::Entry, reading::Person};

/// So many bytes of a reading are kept so far, at least.
#[derive(Debug, Default)]
pub(crate) struct Kept(usize);

impl Kept {
    /// Keeps so many more.
    ///
    /// # Errors
    /// Where that is more than is kept of a directory.
    pub(crate) fn add(&mut self, bytes: usize) -> Result<(), DirectoryFault> {
        self.0 = self.0.saturating_add(bytes);
        match self.0 > READING_BYTES_MAX {
            true => Err(DirectoryFault::TooMuch {
                what: "bytes in memory",
                most: READING_BYTES_MAX,
            }),
            false => Ok(()),
        }
    }

    /// Keeps an entry's name, by which it is known should it come again.
    pub(crate) fn entry(&mut self, entry: &Entry) -> Result<(), DirectoryFault> {
        self.add(entry.dn.len() + 32)
    }

    /// Keeps somebody.
    pub(crate) fn person(&mut self, person: &Person) -> Result<(), DirectoryFault> {
        let groups: usize = person.member_of.iter().map(|dn| dn.bytes()).sum();
        let texts = [Some(&person.id), Some(&person.shown)]
            .into_iter()
            .chain([person.display_name.as_ref(), person.email.as_ref()])
            .flatten();
        let texts: usize = texts.map(|text| text.len()).sum();
        self.add(size_of::<Person>() + person.dn.bytes() + groups + texts)
    }
}

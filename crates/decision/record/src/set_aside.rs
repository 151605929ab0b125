//! Descriptors set aside for the next segment: a process that has no others left still records.

use std::{fs::File, io};

use rustix::io::Errno;

/// A segment's files: records, personal fields, heads.
const FILES: usize = 3;

/// Open handles that are good for nothing but being closed.
#[derive(Default)]
pub(crate) struct SetAside(Vec<File>);

impl SetAside {
    /// Sets aside what is missing, as far as there are any.
    pub(crate) fn fill(&mut self) {
        while self.0.len() < FILES {
            let Ok(handle) = File::open("/dev/null") else {
                return;
            };
            self.0.push(handle);
        }
    }

    /// Does something that opens files, and again with what was set aside where there were none left.
    pub(crate) fn with<T>(&mut self, open: impl Fn() -> io::Result<T>) -> io::Result<T> {
        let opened = match open() {
            Err(fault) if is_out_of_descriptors(&fault) => {
                self.0.clear();
                open()
            }
            other => other,
        };
        self.fill();
        opened
    }
}

fn is_out_of_descriptors(fault: &io::Error) -> bool {
    let errno = fault.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::MFILE | Errno::NFILE))
}

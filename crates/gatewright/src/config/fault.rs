//! What is wrong with a configuration file, all of it, with the place of each fault.

use std::{fmt, ops::Range, path::PathBuf};

/// One fault: where it is, which key, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Line in the file, from 1; 0 where the fault has no place in it.
    pub(crate) line: usize,
    /// The dotted key.
    pub(crate) key: String,
    /// What is wrong and what to write instead.
    pub(crate) what: String,
}

/// Where a key stands, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Line in the file, from 1.
    pub(crate) line: usize,
    /// The dotted key.
    pub(crate) key: String,
}

/// A file that is refused whole, with every fault in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) struct ConfigFaults {
    /// The file.
    pub(crate) file: PathBuf,
    /// Its faults, in the order of the file.
    pub(crate) faults: Vec<Fault>,
}

impl ConfigFaults {
    /// A refusal for one fault that has no line.
    pub(crate) fn single(file: PathBuf, key: &str, what: impl Into<String>) -> Self {
        let fault = Fault {
            line: 0,
            key: key.into(),
            what: what.into(),
        };
        Self {
            file,
            faults: vec![fault],
        }
    }
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}", self.file.display())?;
            if fault.line > 0 {
                write!(f, ":{}", fault.line)?;
            }
            if !fault.key.is_empty() {
                write!(f, ": {}", fault.key)?;
            }
            write!(f, ": {}", fault.what)?;
        }
        Ok(())
    }
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(starts).collect())
    }

    /// The line, from 1, that a span begins on.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.0.partition_point(|start| *start <= span.start)
    }
}

//! The keys of the file as the code that reads them asks for them.

/// A key that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The dotted name of the table that it stands in; empty at the top.
    pub(super) table: String,
    /// Its name.
    pub(super) key: &'static str,
    /// What is to be written.
    pub(super) kind: String,
    /// What its absence means.
    pub(super) absent: Absent,
}

/// What the absence of a key means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Absent {
    /// It is a fault.
    Fault,
    /// What the key's purpose says.
    Nothing,
    /// The same as if this were written.
    Default(String),
    /// There are no tables of this name; what is in one is described by itself.
    NoTables,
}

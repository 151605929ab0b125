//! Following a directory: a real OpenLDAP in a folder of the test's own, where it is installed, and
//! a server of the tests' own that is an Active Directory, broken or hostile on demand.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says by panicking what it did not expect"
)]

mod active_directory;
mod certificate;
mod doctor;
mod fake;
mod following;
mod hostile;
mod house;
mod openldap;
mod reading;

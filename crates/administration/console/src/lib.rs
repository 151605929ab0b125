//! What people see of Gatewright once they are signed in: the portal of their apps, and the
//! verify app, which shows what an app behind Gatewright gets to know.

pub mod administration;
#[doc(hidden)]
pub mod fuzzing;
pub mod portal;
pub mod verify;

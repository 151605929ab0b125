//! The policy decision point and the policy administrator of one process.
//!
//! [`Engine`] holds the newest [`View`] (facts and compiled policies at one epoch) behind one
//! atomic load, and is the only way that facts change: [`Engine::commit`] writes them
//! durably, publishes the new view, and returns once every core of this process decides at it
//! and has told the leases that it ends. [`Judge`] answers on one core, reusing a
//! [`Judgement`] while its grounds stand.

mod administrator;
mod circumstances;
mod engine;
mod follow;
mod judge;
mod judgement;
pub mod random;
mod recording;
mod remedies;
#[cfg(feature = "testing")]
pub mod testing;
mod trail;
mod view;

pub use administrator::{Acknowledged, Commit, CommitError};
pub use circumstances::{Circumstances, OwnedHttp, OwnedProposal, OwnedToken};
pub use engine::{Asked, Engine, judgement_record};
pub use follow::Follower;
pub use judge::Judge;
pub use judgement::{Grounds, Judgement};
pub use trail::{Moved, Subject};
pub use view::View;

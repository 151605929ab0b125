//! What is read of a directory, as facts: planned where its turn comes, asked of policy, and made in
//! the directory's name.

mod batch;
mod reach;
#[cfg(test)]
mod tests;
mod wish;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gw_directory::{Effects, Keeper, NotTaken, Present, Reading, Settings, Taken};
use gw_engine::Engine;
use gw_model::Timestamp;

use self::{batch::Taking, wish::Wish};

/// What somebody allowed is allowed for so long, and for one reading.
pub const ALLOWED_FOR: Duration = Duration::from_secs(600);

/// Keeps people and groups as one directory says; clones are the same.
#[derive(Clone)]
pub struct Followed(Arc<Inner>);

struct Inner {
    engine: Engine,
    settings: Arc<Settings>,
    allowed: Mutex<Option<(Effects, Timestamp)>>,
}

impl Followed {
    /// Keeps them as the directory says that the settings name.
    pub fn new(engine: Engine, settings: Arc<Settings>) -> Self {
        Self(Arc::new(Inner {
            engine,
            settings,
            allowed: Mutex::default(),
        }))
    }

    /// Lets the next reading do this to these people, and to nobody else.
    pub fn allow(&self, allowed: Effects) {
        let until = self.0.engine.clock().now().after(ALLOWED_FOR);
        let mut kept = self
            .0
            .allowed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = Some((allowed, until));
    }

    /// What is allowed now; once.
    fn allowance(&self) -> Effects {
        let mut kept = self
            .0
            .allowed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = self.0.engine.clock().now();
        let allowed = kept.take().filter(|(_, until)| now <= *until);
        allowed.map_or_else(Effects::default, |(allowed, _)| allowed)
    }
}

impl Keeper for Followed {
    fn expected(&self) -> BTreeSet<Arc<str>> {
        let view = self.0.engine.view();
        Present::of(&view.facts, &self.0.settings.provider).expected()
    }

    async fn take(&self, reading: Arc<Reading>) -> Result<Taken, NotTaken> {
        let settings = self.0.settings.clone();
        let wish = Wish::of(reading, settings, self.allowance());
        Taking::of(self.0.engine.clone(), wish).made().await
    }
}

impl fmt::Debug for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed")
            .field("provider", &self.0.settings.provider)
            .finish_non_exhaustive()
    }
}

//! What a person did lately: what was refused or ended, with what would open it now, and what
//! they opened.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use askama::Template;
use gw_engine::Engine;
use gw_model::{App, DecisionId, Session, Timestamp, UserId};
use gw_pages::{Chip, Judged, Moment, Tile, refused::Level};

use super::{PortalOptions, cards};

/// Refusals that one page shows.
const REFUSED_MAX: usize = 12;
/// Characters of a path that are shown.
const PATH_CHARS: usize = 100;

/// What became of an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It was let in.
    Allowed,
    /// It was refused.
    Refused,
    /// It was let in, and ended since its grounds fell away.
    Ended,
}

/// An access, as the ledger tells it.
#[derive(Debug, Clone)]
pub struct Access {
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub became: Became,
    /// The app, by name.
    pub app: String,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// Why it ended, if it did.
    pub why: String,
    /// The decision, for whoever is asked about it.
    pub decision: Option<DecisionId>,
}

/// What one person did lately.
#[derive(Debug, Clone)]
pub struct Lately {
    /// How far back this reaches.
    pub since: Timestamp,
    /// Their accesses, the newest first.
    pub accesses: Vec<Access>,
}

/// Looks up what a person did lately.
pub type History = Arc<dyn Fn(UserId) -> Looking + Send + Sync>;
/// A look that is under way.
pub type Looking = Pin<Box<dyn Future<Output = Lately> + Send>>;

#[derive(Template)]
#[template(path = "history.html")]
pub(super) struct Content {
    since: Moment,
    refused: Vec<Row>,
    more: usize,
    opened: Vec<Opened>,
}

/// One thing that was refused or ended, however often.
struct Row {
    title: String,
    tile: Tile,
    what: String,
    became: Chip,
    last: Moment,
    times: usize,
    why: String,
    now: Now,
    href: String,
    decision: Option<DecisionId>,
}

/// What would happen now.
enum Now {
    /// It opens.
    Opens,
    /// It opens by what the person can do alone.
    Alone(Chip),
    /// Others can open it, or nobody.
    Words(String),
}

/// An app that was opened.
struct Opened {
    title: String,
    tile: Tile,
    times: usize,
    last: Moment,
}

/// What is shown to a person.
pub(super) async fn of(
    engine: &Engine,
    options: &PortalOptions,
    judged: &Judged,
    session: &Session,
) -> Content {
    let lately = (options.history)(session.user).await;
    let seen = Seen {
        engine,
        options,
        judged,
        session,
    };
    let (denied, allowed): (Vec<_>, Vec<_>) = lately
        .accesses
        .into_iter()
        .partition(|access| access.became != Became::Allowed);
    let grouped = together(denied);
    let mut refused = Vec::new();
    for (access, times) in grouped.iter().take(REFUSED_MAX) {
        refused.extend(seen.row(access, *times).await);
    }
    Content {
        since: seen.exactly(lately.since),
        more: grouped.len().saturating_sub(REFUSED_MAX),
        refused,
        opened: seen.opened(&allowed),
    }
}

/// The same thing once, at its latest, with how often it was.
fn together(accesses: Vec<Access>) -> Vec<(Access, usize)> {
    let mut found: Vec<(Access, usize)> = Vec::new();
    let mut places = BTreeMap::new();
    for access in accesses {
        let same = (
            access.app.clone(),
            access.method.clone(),
            access.path.clone(),
            access.became == Became::Ended,
        );
        let place = *places.entry(same).or_insert(found.len());
        match found.get_mut(place) {
            Some((_, times)) => *times += 1,
            None => found.push((access, 1)),
        }
    }
    found
}

struct Seen<'a> {
    engine: &'a Engine,
    options: &'a PortalOptions,
    judged: &'a Judged,
    session: &'a Session,
}

impl Seen<'_> {
    fn past(&self, at: Timestamp) -> Moment {
        let view = self.engine.view();
        let zone = &view.facts.settings().time_zone;
        Moment::past(at, self.engine.clock().now(), zone)
    }

    fn exactly(&self, at: Timestamp) -> Moment {
        let view = self.engine.view();
        let zone = &view.facts.settings().time_zone;
        Moment::exactly(at, self.engine.clock().now(), zone)
    }

    fn app(&self, name: &str) -> Option<Arc<App>> {
        let view = self.engine.view();
        view.facts.app(&name.parse().ok()?).cloned()
    }

    async fn row(&self, access: &Access, times: usize) -> Option<Row> {
        let app = self.app(&access.app)?;
        let path: String = access.path.chars().take(PATH_CHARS).collect();
        Some(Row {
            title: app.title.to_string(),
            tile: Tile::of(&app.title),
            what: format!("{} {path}", access.method),
            became: match access.became {
                Became::Ended => Chip::deny("ended"),
                _ => Chip::deny("refused"),
            },
            last: self.past(access.at),
            times,
            why: match access.became {
                Became::Ended => access.why.clone(),
                _ => String::new(),
            },
            now: self.now(&app, access).await,
            href: format!("{}/", self.judged.origin_of(&app.host)),
            decision: access.decision,
        })
    }

    /// The same asked again, without asking: only what is allowed at this moment is offered.
    async fn now(&self, app: &App, access: &Access) -> Now {
        let asked = cards::asking(
            app,
            self.judged,
            self.session,
            (&access.method, &access.path),
        );
        if self.engine.preview(&asked).outcome.is_allow() {
            return Now::Opens;
        }
        let nothing = || Now::Words("Nothing you can do opens it now.".into());
        if self.options.remedies == Level::None {
            return nothing();
        }
        let view = self.engine.view();
        let zone = app.time_zone.as_deref();
        let zone = zone.unwrap_or(&view.facts.settings().time_zone);
        let remedies = self.engine.remedies(&asked).await;
        let now = self.engine.clock().now();
        match cards::offer(&remedies, self.options.remedies, now, zone) {
            cards::Offer::Alone(chip) => Now::Alone(chip),
            cards::Offer::Others(words) => Now::Words(format!("{words}.")),
            cards::Offer::Nothing => nothing(),
        }
    }

    /// Each app that was opened, the latest first.
    fn opened(&self, allowed: &[Access]) -> Vec<Opened> {
        let mut found: BTreeMap<&str, (usize, Timestamp)> = BTreeMap::new();
        for access in allowed {
            let (times, last) = found.entry(&access.app).or_insert((0, access.at));
            *times += 1;
            *last = (*last).max(access.at);
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by_key(|(_, (_, last))| std::cmp::Reverse(*last));
        let opened = found.into_iter().filter_map(|(name, (times, last))| {
            let app = self.app(name)?;
            Some(Opened {
                title: app.title.to_string(),
                tile: Tile::of(&app.title),
                times,
                last: self.past(last),
            })
        });
        opened.collect()
    }
}

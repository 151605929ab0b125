//! Changes that a server tells of (RFC 4533): OpenLDAP and 389DS.

use std::{convert::Infallible, time::Duration};

use tokio::time::{Instant, timeout, timeout_at};

use super::{Following, News};
use crate::{
    dn::Dn,
    fault::DirectoryFault,
    filter::Filter,
    message::{
        Answer, Message, Outcome, Request, ResultCode, Scope, Search, is_refreshed,
        sync_info_is_news, synced,
    },
    reader::context_marker,
    session::{Session, one},
    settings::Settings,
};

/// A server that says nothing for so long is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(60);
/// Changes come in bursts: it is told of once nothing came for so long, at the latest after so
/// long.
const QUIET: Duration = Duration::from_millis(200);
const BURST: Duration = Duration::from_secs(2);
/// No attributes (RFC 4511, 4.5.1.8).
const NO_ATTRIBUTES: &str = "1.1";

/// Why nothing is told any more.
pub(super) enum Ended {
    /// The server, or what is searched, does not offer it.
    NotOffered,
    /// The cookie is too old.
    TooOld,
    Fault(DirectoryFault),
}

impl From<DirectoryFault> for Ended {
    fn from(fault: DirectoryFault) -> Self {
        Self::Fault(fault)
    }
}

/// Searches that stay open.
struct Told {
    session: Session,
    numbers: Vec<i32>,
}

pub(super) async fn follow(
    session: Session,
    settings: &Settings,
    news: &News,
    with_cookie: bool,
) -> Result<Infallible, Ended> {
    let numbers = Vec::new();
    let mut told = Told { session, numbers };
    let beginning = told.begin(settings, with_cookie);
    let patience = settings.timing.reading;
    let late = |_| Ended::Fault(DirectoryFault::Slow(patience));
    timeout(patience, beginning).await.map_err(late)??;
    news.begin(Following::Told);
    loop {
        told.changed(settings.timing.answer).await?;
        told.quiet().await?;
        news.changed.notify_one();
    }
}

impl Told {
    /// Opens the searches, and passes over what was there before.
    async fn begin(&mut self, settings: &Settings, with_cookie: bool) -> Result<(), Ended> {
        let mut searches = vec![persistent(
            &settings.people.base,
            settings.people.scope,
            &settings.people.filter,
        )];
        let groups = &settings.groups;
        if !groups.mapped.is_empty() {
            searches.push(persistent(&groups.base, groups.scope, &groups.filter));
        }
        let mut cookies = Vec::new();
        // Before any of them is open: nothing else may answer meanwhile.
        for (base, _) in &searches {
            cookies.push(match with_cookie {
                true => context_marker(&mut self.session, base).await?.cookie(),
                false => None,
            });
        }
        for ((_, search), cookie) in searches.iter().zip(cookies) {
            let controls = [synced(cookie.as_deref())];
            let request = Request::Search(search);
            let number = self.session.connection.ask(&request, &controls).await?;
            self.numbers.push(number);
        }
        self.refreshed(settings.timing.answer).await
    }

    /// Waits until all that was there before has been told.
    async fn refreshed(&mut self, patience: Duration) -> Result<(), Ended> {
        let mut waiting = self.numbers.clone();
        while !waiting.is_empty() {
            let next = timeout(patience, self.session.connection.next()).await;
            let message = next.map_err(|_| DirectoryFault::Slow(patience))??;
            match &message.answer {
                Answer::Done(outcome) => return Err(ended(outcome)),
                Answer::Intermediate { name, value } => {
                    let done =
                        is_refreshed(name.as_deref(), value).map_err(DirectoryFault::from)?;
                    waiting.retain(|number| !done || *number != message.number);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Waits for a change, and makes sure meanwhile that the server is still there.
    async fn changed(&mut self, patience: Duration) -> Result<(), Ended> {
        loop {
            let next = timeout(SILENCE, self.session.connection.next()).await;
            let is_news = match next {
                Ok(message) => self.is_news(&message?)?,
                Err(_) => self.is_there(patience).await?,
            };
            if is_news {
                return Ok(());
            }
        }
    }

    /// Asks for nothing; what comes before the answer may be news.
    async fn is_there(&mut self, patience: Duration) -> Result<bool, Ended> {
        let probe = one("", &[NO_ATTRIBUTES]);
        let request = Request::Search(&probe);
        let number = self.session.connection.ask(&request, &[]).await?;
        let end = Instant::now() + patience;
        let mut is_news = false;
        loop {
            let next = timeout_at(end, self.session.connection.next()).await;
            let message = next.map_err(|_| DirectoryFault::Slow(patience))??;
            if message.number != number {
                is_news |= self.is_news(&message)?;
            } else if matches!(message.answer, Answer::Done(_)) {
                return Ok(is_news);
            }
        }
    }

    /// Waits until a burst is over.
    async fn quiet(&mut self) -> Result<(), Ended> {
        let end = Instant::now() + BURST;
        loop {
            let quiet = end.min(Instant::now() + QUIET);
            match timeout_at(quiet, self.session.connection.next()).await {
                Ok(message) => {
                    self.is_news(&message?)?;
                }
                Err(_) => return Ok(()),
            }
            if Instant::now() >= end {
                return Ok(());
            }
        }
    }

    fn is_news(&self, message: &Message) -> Result<bool, Ended> {
        if !self.numbers.contains(&message.number) {
            return Ok(false);
        }
        match &message.answer {
            Answer::Entry(_) => Ok(true),
            Answer::Intermediate { name, value } => {
                Ok(sync_info_is_news(name.as_deref(), value).map_err(DirectoryFault::from)?)
            }
            Answer::Done(outcome) => Err(ended(outcome)),
            Answer::Reference => Ok(false),
            Answer::Bound(_) | Answer::Extended(_) => {
                let what = "an answer to something else than a search".to_owned();
                Err(DirectoryFault::Misbehaves(what).into())
            }
        }
    }
}

/// A search that stays open, and its base. Without attributes: that something changed is all there
/// is to know.
fn persistent<'s>(base: &'s Dn, scope: Scope, filter: &Filter) -> (&'s Dn, Search) {
    let search = Search {
        base: base.to_string(),
        scope,
        size_limit: 0,
        filter: filter.clone(),
        attributes: vec![NO_ATTRIBUTES.to_owned()],
    };
    (base, search)
}

fn ended(outcome: &Outcome) -> Ended {
    match outcome.code {
        ResultCode::REFRESH_REQUIRED => Ended::TooOld,
        ResultCode::UNAVAILABLE_EXTENSION
        | ResultCode::SIZE_LIMIT
        | ResultCode::INSUFFICIENT_ACCESS
        | ResultCode::UNWILLING => Ended::NotOffered,
        _ => Ended::Fault(DirectoryFault::Closed(format!(
            ": it tells of no more changes ({})",
            outcome.code.0
        ))),
    }
}

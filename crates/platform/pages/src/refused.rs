//! The page of a refusal: what is closed and why, what opens it, whom to ask, and what
//! support needs. Always these four, always in this order.

mod wording;

use askama::Template;
use bytes::Bytes;
use gw_model::{AuthnEvent, DecisionId, PolicyId, Remedies, Remedy, Timestamp};
use http::{Response, StatusCode};

use crate::{Chip, Moment, Page, parts::Sentence, signed_in_words};

pub use wording::{StepWords, headline, reason, step_words};

/// How much of the policy somebody may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Strangers: that one signs in, and nothing else.
    None,
    /// What the person can do: no group, network, threshold or policy by name.
    Own,
    /// Everything, for those who administer.
    Full,
}

/// Where the steps lead. What is absent has no button.
#[derive(Debug, Clone, Copy, Default)]
pub struct Links<'a> {
    /// Sign in, then come back here.
    pub sign_in: Option<&'a str>,
    /// Confirm with a passkey, then come back here.
    pub confirm: Option<&'a str>,
    /// Add a first passkey, then come back here.
    pub enrol: Option<&'a str>,
    /// This page again.
    pub again: Option<&'a str>,
    /// Sign out.
    pub sign_out: Option<&'a str>,
    /// Back to the app that asked, which is told that it was refused.
    pub back: Option<Back<'a>>,
}

/// The way back to an app that sent somebody here: a form of the page.
#[derive(Debug, Clone, Copy)]
pub struct Back<'a> {
    /// What pages call that app.
    pub title: &'a str,
    /// Where the form goes.
    pub action: &'a str,
    /// Its hidden fields.
    pub fields: &'a [(&'a str, &'a str)],
}

/// All that the page of a refusal says.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// What pages call the app.
    pub app: &'a str,
    /// The name that pages show of the person, unless a stranger.
    pub person: Option<&'a str>,
    /// The proofs that the request could rest on.
    pub authn: &'a [AuthnEvent],
    /// What would open it.
    pub remedies: &'a Remedies,
    /// How much the person may be told.
    pub level: Level,
    /// Where the steps lead.
    pub links: Links<'a>,
    /// Whom to ask for a fresh link, as a sentence; a general one where absent.
    pub ask: Option<&'a str>,
    /// The decision.
    pub decision: DecisionId,
    /// The policies that determined it; shown at [`Level::Full`] only.
    pub because: &'a [PolicyId],
    /// When it was decided.
    pub at: Timestamp,
    /// The clock.
    pub now: Timestamp,
    /// The zone that times are told in, by its IANA name.
    pub zone: &'a str,
    /// Why something of the person's ended before this page, as a sentence.
    pub ended: Option<&'a str>,
    /// The person sent something with this request, and it went nowhere.
    pub nothing_sent: bool,
}

impl View<'_> {
    /// The whole answer, with this status.
    pub fn render(&self, status: StatusCode) -> Response<Bytes> {
        let title = headline(self);
        Page::new(&title)
            .status(status)
            .render(&self.content(&title))
    }

    fn content<'c>(&'c self, title: &'c str) -> Content<'c> {
        let ways = self.ways();
        let alone = self.remedies.ways.iter().any(Remedy::alone);
        Content {
            title,
            ended: self.ended.map(|why| (Chip::deny("ended"), why)),
            who: self.who(),
            reason: reason(self),
            nothing_here: !alone,
            nothing_sent: self.nothing_sent,
            ways,
            alone,
            incomplete: self.remedies.exhausted,
            whom: wording::whom_to_ask(self),
            decision: self.decision.to_string(),
            moment: Moment::exactly(self.at, self.now, self.zone),
            policies: match self.level {
                Level::Full => self.because,
                Level::None | Level::Own => &[],
            },
            sign_out: self.links.sign_out.filter(|_| self.person.is_some()),
            back: self.links.back,
        }
    }

    fn who(&self) -> Option<Sentence> {
        let person = self.person?;
        let sentence = Sentence::default()
            .text("You are signed in as ")
            .strong(person);
        Some(match signed_in_words(self.authn, self.now) {
            Some(how) => sentence.text(&format!(" {how}. ")),
            None => sentence.text(". "),
        })
    }

    /// The ways as rows, each once: what may not be named can make two ways read the same.
    fn ways(&self) -> Vec<Vec<StepWords<'_>>> {
        let mut ways: Vec<Vec<StepWords<'_>>> = Vec::new();
        for way in &self.remedies.ways {
            if wording::is_only_for_others(way) || (self.level == Level::None && !way.alone()) {
                continue;
            }
            let steps: Vec<_> = way
                .steps
                .iter()
                .map(|step| step_words(step, self))
                .collect();
            if !ways.contains(&steps) {
                ways.push(steps);
            }
        }
        ways
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct Content<'a> {
    title: &'a str,
    ended: Option<(Chip, &'a str)>,
    who: Option<Sentence>,
    reason: String,
    nothing_here: bool,
    nothing_sent: bool,
    ways: Vec<Vec<StepWords<'a>>>,
    alone: bool,
    incomplete: bool,
    whom: Vec<String>,
    decision: String,
    moment: Moment,
    policies: &'a [PolicyId],
    sign_out: Option<&'a str>,
    back: Option<Back<'a>>,
}

#[cfg(test)]
mod tests;

//! The page of a sign-in to an app that policy refuses: why, and what would help.

use bytes::Bytes;
use gw_engine::Asked;
use gw_model::{Client, Remedies};
use gw_pages::refused::{Links, View};
use http::{Response, StatusCode};

use crate::{
    clients::title_of,
    pages, pending,
    server::RESUME,
    visit::{Refusal, SignedIn, Visit},
};

/// What was refused, and to whom.
pub(crate) struct Refused<'a> {
    pub(crate) client: &'a Client,
    pub(crate) person: &'a SignedIn,
    pub(crate) asked: &'a Asked,
    pub(crate) remedies: &'a Remedies,
}

impl Refused<'_> {
    /// The page, from which the attempt goes on once something helped.
    pub(crate) fn page(&self, visit: &Visit, attempt: &str) -> Result<Response<Bytes>, Refusal> {
        let app = self.client.app.as_ref();
        let app = app.ok_or_else(|| pages::over(visit))?;
        let view = visit.server.engine().view();
        let title = title_of(self.client, &view.facts);
        let leading = pending::leading(app, attempt);
        let (confirm, enrol) = (format!("/confirm?{leading}"), format!("/enrol?{leading}"));
        let again = format!("{RESUME}?attempt={attempt}");
        let zone = view.facts.app(app).and_then(|app| app.time_zone.clone());
        let zone = zone.unwrap_or_else(|| view.facts.settings().time_zone.clone());
        let page = View {
            app: &title,
            person: Some(&self.person.user.display_name),
            authn: self.person.proofs(),
            remedies: self.remedies,
            level: visit.server.shared.options.remedies,
            links: Links {
                sign_in: None,
                confirm: Some(&confirm),
                enrol: Some(&enrol),
                again: Some(&again),
                sign_out: Some("/sign-out"),
            },
            ask: None,
            decision: self.asked.id,
            because: &self.asked.judgement.decision.because,
            at: visit.now,
            now: visit.now,
            zone: &zone,
            ended: None,
            nothing_sent: false,
        };
        Ok(page.render(StatusCode::FORBIDDEN))
    }
}

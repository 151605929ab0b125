//! The page of a sign-in to an app that policy refuses: why, and what would help.

use bytes::Bytes;
use gw_engine::Asked;
use gw_model::{App, Client, Remedies};
use gw_pages::refused::{Back, Links, View};
use http::{Response, StatusCode};

use crate::{
    clients::title_of,
    pages, pending,
    server::{RESUME, paths},
    visit::{Refusal, SignedIn, Visit},
};

/// What was refused, and to whom.
pub(crate) struct Refused<'a> {
    pub(crate) client: &'a Client,
    pub(crate) person: &'a SignedIn,
    pub(crate) asked: &'a Asked,
    pub(crate) remedies: &'a Remedies,
    /// The app that is closed, where that is another than the client's own.
    pub(crate) closed: Option<&'a App>,
    /// Whether the client waits for an answer, which the page can bring.
    pub(crate) waits: bool,
}

impl Refused<'_> {
    /// The page, from which the attempt goes on once something helped.
    pub(crate) fn page(&self, visit: &Visit, attempt: &str) -> Result<Response<Bytes>, Refusal> {
        let app = self.client.app.as_ref();
        let app = app.ok_or_else(|| pages::over(visit))?;
        let view = visit.server.engine().view();
        let asking = title_of(self.client, &view.facts);
        let title = self.closed.map_or(&*asking, |app| &*app.title);
        let person = self.person.user.id.to_string();
        let fields = [
            ("attempt", attempt),
            ("person", &*person),
            ("decision", "deny"),
        ];
        let back = self.waits.then_some(Back {
            title: &asking,
            action: paths::CONSENT,
            fields: &fields,
        });
        let leading = pending::leading(app, attempt);
        let (confirm, enrol) = (format!("/confirm?{leading}"), format!("/enrol?{leading}"));
        let again = format!("{RESUME}?attempt={attempt}");
        let zone = view.facts.app(app).and_then(|app| app.time_zone.clone());
        let zone = zone.unwrap_or_else(|| view.facts.settings().time_zone.clone());
        let page = View {
            app: title,
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
                back,
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

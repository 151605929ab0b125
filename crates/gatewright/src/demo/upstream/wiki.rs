//! The wiki: pages that people read and edit, with a WebSocket that shows who is here and an
//! event stream that shows what was saved. Pages live as long as the process.

mod live;
mod markup;
mod pages;

use std::{sync::Arc, time::Duration};

use askama::Template;
use gw_pages::form::Fields;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Limited};

use self::{
    live::Live,
    markup::{Block, Inline},
    pages::{NotSaved, PageText, Pages},
};
use super::{Answer, Body, DemoApp, Visit, assertion::Now, is_read, page, see_other};

/// Longest body of a saved page.
const BODY_BYTES_MAX: usize = 96 * 1024;
/// Longest time that the body of a saved page may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// The demo's wiki.
pub(in crate::demo) struct Wiki {
    pages: Pages,
    live: Arc<Live>,
    now: Now,
}

impl Wiki {
    /// A wiki with its first pages.
    pub(crate) fn new(now: Now) -> Self {
        Self {
            pages: Pages::first(now()),
            live: Arc::new(Live::default()),
            now,
        }
    }

    fn show(&self, slug: &str, you: &str) -> Response<Body> {
        let Some(found) = self.pages.page(slug) else {
            return self.edit(slug, you, None, StatusCode::NOT_FOUND);
        };
        let now = (self.now)();
        let view = Show {
            you,
            slug,
            title: &found.title,
            blocks: &markup::blocks(&found.text),
            by: &found.saved_by,
            ago: &gw_pages::ago(found.saved_at, now),
            others: &self.pages.list(now),
        };
        page::html(StatusCode::OK, &view)
    }

    fn edit(
        &self,
        slug: &str,
        you: &str,
        refused: Option<(&Draft, NotSaved)>,
        status: StatusCode,
    ) -> Response<Body> {
        if !pages::is_slug(slug) {
            return page::missing(Self::NAME);
        }
        let found = self.pages.page(slug);
        let there = found.is_some();
        let (title, text, base) = match (&refused, &found) {
            (Some((draft, _)), _) => (draft.title.clone(), draft.text.clone(), draft.base),
            (None, Some(found)) => (found.title.clone(), found.text.clone(), found.version),
            (None, None) => (pages::title_of(slug), String::new(), 0),
        };
        let view = Edit {
            you,
            slug,
            there,
            title: &title,
            text: &text,
            base,
            fault: &refused.map(|(_, why)| why.to_string()).unwrap_or_default(),
        };
        page::html(status, &view)
    }

    async fn save(&self, slug: &str, visit: Visit) -> Response<Body> {
        let you = visit.caller.display_name;
        let (head, body) = visit.request.into_parts();
        let collected =
            tokio::time::timeout(BODY_TIME_MAX, Limited::new(body, BODY_BYTES_MAX).collect());
        let Ok(Ok(body)) = collected.await else {
            return page::html(StatusCode::PAYLOAD_TOO_LARGE, &TooLarge { you: &you });
        };
        let fields = Fields::from_body(&head.headers, &body.to_bytes());
        let Some(draft) = fields.ok().and_then(|fields| Draft::of(&fields)) else {
            return self.edit(slug, &you, None, StatusCode::BAD_REQUEST);
        };
        let new = PageText {
            title: draft.title.trim().to_owned(),
            text: draft.text.replace("\r\n", "\n"),
            saved_by: you.clone(),
            saved_at: (self.now)(),
            version: draft.base,
        };
        match self.pages.save(slug, new) {
            Ok(title) => {
                self.live.saved(slug, &title, &you);
                see_other(&format!("/page/{slug}"))
            }
            Err(why) => {
                let status = why.status();
                self.edit(slug, &you, Some((&draft, why)), status)
            }
        }
    }
}

impl DemoApp for Wiki {
    const NAME: &'static str = "wiki";

    async fn answer(self: Arc<Self>, visit: Visit) -> Answer {
        let path = visit.request.uri().path().to_owned();
        let you = visit.caller.display_name.clone();
        if path == "/live" {
            return Arc::clone(&self.live).web_socket(visit);
        }
        if *visit.request.method() == Method::POST {
            return match path.strip_prefix("/page/") {
                Some(slug) => self.save(slug, visit).await.into(),
                None => page::missing(Self::NAME).into(),
            };
        }
        if !is_read(visit.request.method()) {
            return page::wrong_method().into();
        }
        match path.as_str() {
            "/" => self.show(pages::FIRST, &you).into(),
            "/events" => self.live.event_stream().into(),
            "/new" => page::html(StatusCode::OK, &New { you: &you }).into(),
            "/go" => go(visit.request.uri().query()).into(),
            other => match other.strip_prefix("/page/") {
                Some(rest) => match rest.strip_suffix("/edit") {
                    Some(slug) => self.edit(slug, &you, None, StatusCode::OK).into(),
                    None => self.show(rest, &you).into(),
                },
                None => page::missing(Self::NAME).into(),
            },
        }
    }
}

/// From a title that somebody typed to the editor of its page.
fn go(query: Option<&str>) -> Response<Body> {
    let fields = Fields::from_query(query).unwrap_or_default();
    let slug = pages::slug_of(fields.value("title").unwrap_or_default());
    match pages::is_slug(&slug) {
        true => see_other(&format!("/page/{slug}")),
        false => see_other("/new"),
    }
}

/// What somebody wants a page to be.
struct Draft {
    title: String,
    text: String,
    base: u64,
}

impl Draft {
    fn of(fields: &Fields) -> Option<Self> {
        Some(Self {
            title: fields.value("title")?.to_owned(),
            text: fields.value("text")?.to_owned(),
            base: fields.value("base")?.parse().ok()?,
        })
    }
}

/// A line of the list of pages.
pub(super) struct Listed {
    slug: String,
    title: String,
    ago: String,
}

#[derive(Template)]
#[template(path = "demo/wiki-page.html")]
struct Show<'a> {
    you: &'a str,
    slug: &'a str,
    title: &'a str,
    blocks: &'a [Block],
    by: &'a str,
    ago: &'a str,
    others: &'a [Listed],
}

#[derive(Template)]
#[template(path = "demo/wiki-edit.html")]
struct Edit<'a> {
    you: &'a str,
    slug: &'a str,
    there: bool,
    title: &'a str,
    text: &'a str,
    base: u64,
    fault: &'a str,
}

#[derive(Template)]
#[template(path = "demo/wiki-new.html")]
struct New<'a> {
    you: &'a str,
}

#[derive(Template)]
#[template(path = "demo/wiki-too-large.html")]
struct TooLarge<'a> {
    you: &'a str,
}

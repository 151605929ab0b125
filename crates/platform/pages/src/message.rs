//! A page that says one thing and offers one thing to do.

use askama::Template;
use bytes::Bytes;
use http::{Response, StatusCode};

use crate::{Link, Page};

/// A title, a sentence, and where to go from here.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// What is the case.
    pub title: &'a str,
    /// Why, and what to do.
    pub sentence: &'a str,
    /// Where to go: what the button says and where it leads.
    pub action: Option<(&'a str, &'a str)>,
    /// The status of the answer.
    pub status: StatusCode,
    /// The links in the page's head.
    pub links: Vec<Link>,
}

impl<'a> Message<'a> {
    /// A message without an action.
    pub const fn new(status: StatusCode, title: &'a str, sentence: &'a str) -> Self {
        Self {
            title,
            sentence,
            action: None,
            status,
            links: Vec::new(),
        }
    }

    /// With a button that leads somewhere.
    #[must_use]
    pub const fn action(mut self, label: &'a str, href: &'a str) -> Self {
        self.action = Some((label, href));
        self
    }

    /// With links in the page's head.
    #[must_use]
    pub fn links(mut self, links: Vec<Link>) -> Self {
        self.links = links;
        self
    }

    /// The whole answer.
    pub fn render(self) -> Response<Bytes> {
        let content = Content {
            title: self.title,
            sentence: self.sentence,
            action: self.action,
        };
        Page::new(self.title)
            .status(self.status)
            .links(self.links)
            .render(&content)
    }
}

#[derive(Template)]
#[template(path = "message.html")]
struct Content<'a> {
    title: &'a str,
    sentence: &'a str,
    action: Option<(&'a str, &'a str)>,
}

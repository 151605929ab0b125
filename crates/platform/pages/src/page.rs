//! The frame around every page.

use askama::Template;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::{Csp, Script, guard, headers::STYLE};

const MARK: &str = include_str!("mark.svg");

/// How wide a page's text runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// One thing to read and do.
    Narrow,
    /// A list of cards.
    Wide,
}

/// A link in the page's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it says.
    pub label: String,
    /// Where it leads; plain text where it leads nowhere.
    pub href: Option<String>,
}

impl Link {
    /// A link.
    pub fn to(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            href: Some(href.into()),
        }
    }

    /// Plain text among the links.
    pub fn text(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            href: None,
        }
    }
}

/// A page: its title, what stands in its head, and what guards it.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    title: &'a str,
    status: StatusCode,
    width: Width,
    links: Vec<Link>,
    csp: Csp,
    script: Option<Script>,
}

impl<'a> Page<'a> {
    /// A narrow page.
    pub fn new(title: &'a str) -> Self {
        Self {
            title,
            status: StatusCode::OK,
            width: Width::Narrow,
            links: Vec::new(),
            csp: Csp::new(),
            script: None,
        }
    }

    /// Its status.
    #[must_use]
    pub const fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Its width.
    #[must_use]
    pub const fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// The links in its head.
    #[must_use]
    pub fn links(mut self, links: Vec<Link>) -> Self {
        self.links = links;
        self
    }

    /// A script at its end, the only one that may run.
    #[must_use]
    pub fn script(mut self, script: Script) -> Self {
        self.csp = self.csp.script(script);
        self.script = Some(script);
        self
    }

    /// An origin that its forms may lead on to.
    #[must_use]
    pub fn form_to(mut self, origin: &str) -> Self {
        self.csp = self.csp.form_to(origin);
        self
    }

    /// The whole answer, with this as its content.
    pub fn render(self, content: &impl Template) -> Response<Bytes> {
        let Ok(content) = content.render() else {
            return plain_failure();
        };
        let frame = Frame {
            title: self.title,
            wide: self.width == Width::Wide,
            links: &self.links,
            style: STYLE,
            mark: MARK.trim_end(),
            script: self.script.map(Script::text),
            content: &content,
        };
        let Ok(html) = frame.render() else {
            return plain_failure();
        };
        let mut response = Response::new(Bytes::from(html));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        if let Ok(csp) = HeaderValue::from_str(&self.csp.value()) {
            headers.insert(header::CONTENT_SECURITY_POLICY, csp);
        }
        guard(&mut response);
        response
    }
}

/// Writing into memory does not fail; were it to, nothing half-made is shown.
fn plain_failure() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"This page could not be made.\n"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    guard(&mut response);
    response
}

#[derive(Template)]
#[template(path = "frame.html")]
struct Frame<'a> {
    title: &'a str,
    wide: bool,
    links: &'a [Link],
    style: &'static str,
    mark: &'static str,
    script: Option<&'static str>,
    content: &'a str,
}

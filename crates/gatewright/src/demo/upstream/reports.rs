//! Reports: a list that wants a recent sign-in.

use std::sync::Arc;

use askama::Template;
use http::StatusCode;

use super::{Answer, DemoApp, Visit, is_read, page};

/// The demo's reports.
#[derive(Debug, Default)]
pub(in crate::demo) struct Reports;

struct Report {
    slug: &'static str,
    title: &'static str,
    summary: &'static str,
    body: &'static [&'static str],
}

const REPORTS: [Report; 3] = [
    Report {
        slug: "quarter",
        title: "The quarter in figures",
        summary: "Orders, deliveries and what came back",
        body: &[
            "Orders rose by 8 per cent over the quarter before, most of it from returning customers.",
            "Deliveries left within a day in 94 of 100 cases; the rest waited for parts.",
            "Returns stayed at 2 per cent.",
        ],
    },
    Report {
        slug: "incidents",
        title: "Incidents",
        summary: "What broke, for how long, and what was learnt",
        body: &[
            "One outage of 14 minutes: a certificate that nobody renewed. Renewal is automatic now.",
            "One slow morning: a report that read a whole table. It reads an index now.",
        ],
    },
    Report {
        slug: "suppliers",
        title: "Suppliers",
        summary: "Who delivered when they said they would",
        body: &[
            "Eleven of twelve suppliers were on time.",
            "The twelfth told us beforehand each time, which counts for something.",
        ],
    },
];

#[derive(Template)]
#[template(path = "demo/reports.html")]
struct List<'a> {
    you: &'a str,
    reports: &'a [Report],
}

#[derive(Template)]
#[template(path = "demo/report.html")]
struct One<'a> {
    you: &'a str,
    report: &'a Report,
}

impl DemoApp for Reports {
    const NAME: &'static str = "reports";

    async fn answer(self: Arc<Self>, visit: Visit) -> Answer {
        if !is_read(visit.request.method()) {
            return page::wrong_method().into();
        }
        let you = &*visit.caller.display_name;
        let path = visit.request.uri().path();
        if path == "/" {
            let reports = &REPORTS;
            return page::html(StatusCode::OK, &List { you, reports }).into();
        }
        let slug = path.strip_prefix("/report/").unwrap_or_default();
        match REPORTS.iter().find(|report| report.slug == slug) {
            Some(report) => page::html(StatusCode::OK, &One { you, report }).into(),
            None => page::missing(Self::NAME).into(),
        }
    }
}

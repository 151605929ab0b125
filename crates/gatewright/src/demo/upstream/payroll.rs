//! Payroll: a table that is worth protecting.

use std::sync::Arc;

use askama::Template;
use http::StatusCode;

use super::{Answer, DemoApp, Visit, is_read, page};

/// The demo's payroll.
#[derive(Debug, Default)]
pub(in crate::demo) struct Payroll;

struct Line {
    who: &'static str,
    role: &'static str,
    gross: &'static str,
    paid: &'static str,
}

const LINES: [Line; 5] = [
    line("Ana Ruiz", "Engineering", "6,450.00", "30 Oct"),
    line("Bo Lindqvist", "Contractor", "4,120.00", "31 Oct"),
    line("Chidi Okafor", "Finance", "5,980.00", "30 Oct"),
    line("Mei Tanaka", "Engineering", "6,720.00", "30 Oct"),
    line("Tomás Silva", "Support", "4,310.00", "30 Oct"),
];

const fn line(
    who: &'static str,
    role: &'static str,
    gross: &'static str,
    paid: &'static str,
) -> Line {
    Line {
        who,
        role,
        gross,
        paid,
    }
}

#[derive(Template)]
#[template(path = "demo/payroll.html")]
struct Table<'a> {
    you: &'a str,
    methods: String,
    lines: &'a [Line],
}

impl DemoApp for Payroll {
    const NAME: &'static str = "payroll";

    async fn answer(self: Arc<Self>, visit: Visit) -> Answer {
        match visit.request.uri().path() {
            "/" if is_read(visit.request.method()) => {
                let table = Table {
                    you: &visit.caller.display_name,
                    methods: visit.caller.methods.join(", "),
                    lines: &LINES,
                };
                page::html(StatusCode::OK, &table).into()
            }
            "/" => page::wrong_method().into(),
            _ => page::missing(Self::NAME).into(),
        }
    }
}

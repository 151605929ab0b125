//! A filter as text.

use std::fmt::{self, Display, Formatter};

use super::{Filter, Literal};

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(all) => joined(f, all, " and ", |one| {
                matches!(one, Self::And(_) | Self::Or(_))
            }),
            Self::Or(all) => joined(f, all, " or ", |one| matches!(one, Self::Or(_))),
            Self::Not(filter) => write!(f, "not ({filter})"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Compare {
                path,
                operator,
                with,
            } => write!(f, "{path} {} {with}", operator.word()),
            Self::Values { path, filter } => write!(f, "{path}[{filter}]"),
        }
    }
}

fn joined(
    f: &mut Formatter<'_>,
    all: &[Filter],
    word: &str,
    is_wrapped: impl Fn(&Filter) -> bool,
) -> fmt::Result {
    for (at, one) in all.iter().enumerate() {
        if at > 0 {
            f.write_str(word)?;
        }
        match is_wrapped(one) {
            true => write!(f, "({one})")?,
            false => write!(f, "{one}")?,
        }
    }
    Ok(())
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(&**text)),
        }
    }
}

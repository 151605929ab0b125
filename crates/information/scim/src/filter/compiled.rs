//! A filter for a kind of resource: names looked up, values read as the attribute's type has them.

use super::{Filter, Literal, Operator, evaluated::instant};
use crate::{
    id::ResourceKind,
    path::{AttributePath, Place},
    schema::{Attribute, Type},
    text::Folded,
};

/// A filter that cannot be asked of resources of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterMisfit {
    #[error("`{path}` {is}: it cannot be compared by `{operator}`")]
    Operator {
        path: String,
        is: &'static str,
        operator: &'static str,
    },
    #[error("`{path}` is compared with {expected} only")]
    Literal {
        path: String,
        expected: &'static str,
    },
    #[error("`{path}` has parts: name one of them, as in `{path}.{part}`")]
    Complex { path: String, part: &'static str },
    #[error("`{path}` is not made of parts that could be asked in brackets")]
    NotComplex { path: String },
}

/// A filter that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Compiled {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    /// The same for every resource: the attribute is not one of theirs.
    Always(bool),
    Present(Place),
    Compare(Place, Condition),
    Values(Place, Box<Self>),
}

/// What a value is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Whether there is none, or there is one.
    Absent(bool),
    Boolean {
        is: bool,
        wanted: bool,
    },
    Exact(Operator, Box<str>),
    Folded(Operator, Folded),
    Instant(Operator, i64),
}

impl Compiled {
    /// The filter for resources of a kind.
    pub(crate) fn of(filter: &Filter, kind: ResourceKind) -> Result<Self, FilterMisfit> {
        Self::within(filter, &|path| Place::of(path, kind))
    }

    /// The filter for the values of an attribute.
    pub(crate) fn of_values(
        filter: &Filter,
        attribute: &'static Attribute,
    ) -> Result<Self, FilterMisfit> {
        let place = |path: &AttributePath| match path {
            AttributePath {
                urn: None,
                name,
                part: None,
            } => Some(Place {
                extension: None,
                attribute: attribute.part(name)?,
                part: None,
            }),
            _ => None,
        };
        Self::within(filter, &place)
    }

    // As deep as the filter, which its reading bounds.
    fn within(
        filter: &Filter,
        place: &dyn Fn(&AttributePath) -> Option<Place>,
    ) -> Result<Self, FilterMisfit> {
        let all = |filters: &[Filter]| -> Result<Vec<Self>, FilterMisfit> {
            filters.iter().map(|one| Self::within(one, place)).collect()
        };
        Ok(match filter {
            Filter::And(filters) => Self::And(all(filters)?),
            Filter::Or(filters) => Self::Or(all(filters)?),
            Filter::Not(filter) => Self::Not(Box::new(Self::within(filter, place)?)),
            Filter::Present(path) => place(path).map_or(Self::Always(false), Self::Present),
            Filter::Compare {
                path,
                operator,
                with,
            } => match place(path) {
                Some(found) => Self::compare(path, found, *operator, with)?,
                None => Self::Always(holds_without_value(*operator, with)),
            },
            Filter::Values { path, filter } => match place(path) {
                Some(found) => Self::values(path, found, filter)?,
                None => Self::Always(false),
            },
        })
    }

    fn values(path: &AttributePath, place: Place, filter: &Filter) -> Result<Self, FilterMisfit> {
        if !place.attribute.is_complex() || place.part.is_some() {
            return Err(FilterMisfit::NotComplex {
                path: path.to_string(),
            });
        }
        let filter = Self::of_values(filter, place.attribute)?;
        Ok(Self::Values(place, Box::new(filter)))
    }

    fn compare(
        path: &AttributePath,
        place: Place,
        operator: Operator,
        with: &Literal,
    ) -> Result<Self, FilterMisfit> {
        let Some(leaf) = place.leaf() else {
            let part = place.attribute.parts().first();
            return Err(FilterMisfit::Complex {
                path: path.to_string(),
                part: part.map_or("value", |part| part.name),
            });
        };
        let condition = Condition::of(path, leaf, operator, with)?;
        Ok(Self::Compare(place, condition))
    }
}

/// What a comparison says of a resource that has no such attribute (RFC 7644, section 3.4.2.1: "as
/// if there is no attribute value").
fn holds_without_value(operator: Operator, with: &Literal) -> bool {
    match (operator, with) {
        (Operator::Equal, with) => *with == Literal::Null,
        (Operator::NotEqual, with) => *with != Literal::Null,
        _ => false,
    }
}

impl Condition {
    fn of(
        path: &AttributePath,
        leaf: &Attribute,
        operator: Operator,
        with: &Literal,
    ) -> Result<Self, FilterMisfit> {
        let misfit = |is| FilterMisfit::Operator {
            path: path.to_string(),
            is,
            operator: operator.word(),
        };
        if *with == Literal::Null {
            return match operator {
                Operator::Equal => Ok(Self::Absent(true)),
                Operator::NotEqual => Ok(Self::Absent(false)),
                _ => Err(misfit("is compared with null")),
            };
        }
        let expected = |expected| FilterMisfit::Literal {
            path: path.to_string(),
            expected,
        };
        match leaf.value {
            Type::Boolean => {
                let is = boolean(with).ok_or_else(|| expected("true and false"))?;
                match operator {
                    Operator::Equal => Ok(Self::Boolean { is, wanted: true }),
                    Operator::NotEqual => Ok(Self::Boolean { is, wanted: false }),
                    _ => Err(misfit("is true or false")),
                }
            }
            Type::Instant => {
                let text =
                    text(with).ok_or_else(|| expected("a time, as \"2011-05-13T04:42:34Z\","))?;
                let at = instant(text)
                    .ok_or_else(|| expected("a time, as \"2011-05-13T04:42:34Z\","))?;
                match operator {
                    Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
                        Err(misfit("is a time"))
                    }
                    _ => Ok(Self::Instant(operator, at)),
                }
            }
            Type::Text | Type::Reference(_) | Type::Complex(_) => {
                let text = text(with).ok_or_else(|| expected("texts, in double quotes,"))?;
                Ok(match leaf.is_case_exact {
                    true => Self::Exact(operator, text.into()),
                    false => Self::Folded(operator, Folded::of(text)),
                })
            }
        }
    }

    /// Whether it holds where there is no value.
    pub(super) const fn holds_for_none(&self) -> bool {
        match self {
            Self::Absent(is_absent) => *is_absent,
            Self::Boolean { wanted, .. } => !*wanted,
            Self::Exact(operator, _) | Self::Folded(operator, _) | Self::Instant(operator, _) => {
                matches!(operator, Operator::NotEqual)
            }
        }
    }
}

/// Entra writes `active eq "True"`.
fn boolean(literal: &Literal) -> Option<bool> {
    match literal {
        Literal::Boolean(value) => Some(*value),
        Literal::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Literal::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn text(literal: &Literal) -> Option<&str> {
    match literal {
        Literal::Text(text) => Some(text),
        _ => None,
    }
}

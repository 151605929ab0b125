//! What a policy reads of the context, and which of it time alone can change.
//!
//! Found once, when policies load, by walking the conditions. What is not understood is
//! taken to read everything below it, at its finest grain: `valid_until` may come too early,
//! never too late.

use std::collections::BTreeSet;

use cedar_policy::pst::{BinaryOp, Clause, Expr, Literal, Policy, UnaryOp, Var};
use gw_model::{Attribute, AttributeSet};

/// When the passing of time can change what a policy makes of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Steps {
    /// Only where the value passes one of these (seconds, hours, … or milliseconds since the epoch).
    At(BTreeSet<i64>),
    /// Each time the value changes.
    Every,
}

/// What a policy reads.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    /// What an answer rests on: each attribute whose value is read, and for each presence that
    /// is asked for, the attributes that come and go with it and stand still meanwhile.
    pub(crate) attributes: AttributeSet,
    /// What evaluation must find in the context where it is known.
    pub(crate) needed: AttributeSet,
    /// What time moves, with what it is compared with.
    pub(crate) moving: Vec<(Attribute, Steps)>,
    /// Whether attributes or tags of entities are read.
    pub(crate) entities: bool,
}

/// Whether evaluation must know what clocks show, so that a zone is needed.
pub(crate) fn local_time(needed: AttributeSet) -> bool {
    [
        Attribute::TimeHour,
        Attribute::TimeMinute,
        Attribute::TimeMinuteOfDay,
        Attribute::TimeWeekday,
    ]
    .into_iter()
    .any(|attribute| needed.contains(attribute))
}

impl Reads {
    /// What a policy reads.
    pub(crate) fn of(policy: &Policy) -> Self {
        let mut reads = Self::default();
        for clause in policy.body().clauses() {
            match clause {
                Clause::When(condition) | Clause::Unless(condition) => reads.walk(condition),
            }
        }
        reads
    }

    fn walk(&mut self, expr: &Expr) {
        if let Some(path) = context_path(expr) {
            self.read(&path);
            return;
        }
        match expr {
            Expr::BinaryOp { op, left, right } => {
                self.entities |= matches!(op, BinaryOp::GetTag | BinaryOp::HasTag);
                if !(is_comparison(*op) && (self.compare(left, right) || self.compare(right, left)))
                {
                    self.walk(left);
                    self.walk(right);
                }
            }
            Expr::HasAttr { expr, attrs } => match context_path(expr) {
                Some(mut path) => {
                    for attr in attrs {
                        push(&mut path, attr);
                    }
                    self.presence(&path);
                }
                None => {
                    self.entities = true;
                    self.walk(expr);
                }
            },
            Expr::GetAttr { expr, .. } => {
                self.entities = true;
                self.walk(expr);
            }
            Expr::UnaryOp { expr, .. } | Expr::Like { expr, .. } => self.walk(expr),
            Expr::Is { expr, in_expr, .. } => {
                self.walk(expr);
                in_expr.iter().for_each(|e| self.walk(e));
            }
            Expr::IfThenElse {
                cond,
                then_expr,
                else_expr,
            } => [cond, then_expr, else_expr]
                .into_iter()
                .for_each(|e| self.walk(e)),
            Expr::Set(members) => members.iter().for_each(|e| self.walk(e)),
            Expr::Record(fields) => fields.values().for_each(|e| self.walk(e)),
            Expr::Literal(_) | Expr::Var(_) | Expr::Slot(_) => {}
            // Kinds of a later Cedar: whatever they read, it is below the context.
            _ => {
                self.entities = true;
                self.read("");
            }
        }
    }

    /// Notes `context.path < literal` and its kin; false if it is something else.
    fn compare(&mut self, side: &Expr, other: &Expr) -> bool {
        let Some(attribute) = context_path(side).and_then(|p| Attribute::from_path(&p)) else {
            return false;
        };
        let Some(step) = literal(other) else {
            return false;
        };
        self.note(attribute, Steps::At(BTreeSet::from([step])));
        true
    }

    /// Notes the use of a value, which may be a whole record.
    fn read(&mut self, path: &str) {
        let mut known = false;
        for attribute in below(path) {
            known = true;
            self.note(attribute, Steps::Every);
        }
        if !known && !path.is_empty() {
            self.read("");
        }
    }

    /// Notes the use of whether something is there, which time alone does not change.
    ///
    /// It is said by the attributes at or beside it that stand still, so that whoever compares
    /// those also sees it come and go.
    fn presence(&mut self, path: &str) {
        for attribute in below(path) {
            self.needed.insert(attribute);
        }
        let still = |path| below(path).filter(|a: &Attribute| !a.moves_with_time());
        let mut witnesses: Vec<_> = still(path).collect();
        if let (true, Some((record, _))) = (witnesses.is_empty(), path.rsplit_once('.')) {
            witnesses.extend(still(record));
        }
        for attribute in witnesses {
            self.attributes.insert(attribute);
        }
    }

    fn note(&mut self, attribute: Attribute, steps: Steps) {
        self.attributes.insert(attribute);
        self.needed.insert(attribute);
        if !attribute.moves_with_time() {
            return;
        }
        match self
            .moving
            .iter_mut()
            .find(|(known, _)| *known == attribute)
        {
            Some((_, known)) => known.merge(steps),
            None => self.moving.push((attribute, steps)),
        }
    }
}

impl Steps {
    fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::At(ours), Self::At(theirs)) => ours.extend(theirs),
            _ => *self = Self::Every,
        }
    }
}

/// The attributes at a path or below it.
fn below(path: &str) -> impl Iterator<Item = Attribute> {
    Attribute::ALL.iter().copied().filter(move |a| {
        path.is_empty()
            || a.path()
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// The path below `context` that an expression reads, if it is nothing else; empty for all of it.
fn context_path(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Var(Var::Context) => Some(String::new()),
        Expr::GetAttr { expr, attr } => {
            let mut path = context_path(expr)?;
            push(&mut path, attr);
            Some(path)
        }
        _ => None,
    }
}

fn push(path: &mut String, attr: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(attr);
}

const fn is_comparison(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Eq
            | BinaryOp::NotEq
            | BinaryOp::Less
            | BinaryOp::LessEq
            | BinaryOp::Greater
            | BinaryOp::GreaterEq
    )
}

/// A whole number, or an instant in milliseconds.
fn literal(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(Literal::Long(number)) => Some(*number),
        Expr::UnaryOp {
            op: UnaryOp::Datetime,
            expr,
        } => match &**expr {
            Expr::Literal(Literal::String(text)) => datetime_millis(text),
            _ => None,
        },
        _ => None,
    }
}

/// Cedar's datetime text, of which this reads the forms that it is sure of.
fn datetime_millis(text: &str) -> Option<i64> {
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == "2026-01-31".len()
    {
        let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        return Some(midnight.timestamp().as_millisecond());
    }
    let instant: jiff::Timestamp = text.parse().ok()?;
    Some(instant.as_millisecond())
}

#[cfg(test)]
mod tests;

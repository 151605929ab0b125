//! The part of a filter that the directory can answer from an index, so that looking one person up
//! does not look at all of them.

use super::{Filter, Literal, Operator};
use crate::{
    directory::{GroupIndex, UserIndex},
    id::{ResourceId, ResourceKind},
    path::{AttributePath, Place},
    text::Folded,
};

/// A comparison that has an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IndexTerm {
    Id(ResourceId),
    User(UserIndex),
    Group(GroupIndex),
    /// It holds for no resource: an id that there cannot be.
    Nothing,
}

/// Divides a filter into comparisons that have an index, all of which must hold, and the rest,
/// which must hold as well.
pub(crate) fn indexed(filter: Filter, kind: ResourceKind) -> (Vec<IndexTerm>, Option<Filter>) {
    let all = match filter {
        Filter::And(all) => all,
        one => vec![one],
    };
    let (mut terms, mut rest) = (Vec::new(), Vec::new());
    for one in all {
        match term(&one, kind) {
            Some(term) => terms.push(term),
            None => rest.push(one),
        }
    }
    let rest = match rest.len() {
        0 | 1 => rest.pop(),
        _ => Some(Filter::And(rest)),
    };
    (terms, rest)
}

fn term(filter: &Filter, kind: ResourceKind) -> Option<IndexTerm> {
    match filter {
        Filter::Compare {
            path,
            operator: Operator::Equal,
            with: Literal::Text(text),
        } => compared(path, text, kind),
        Filter::Values { path, filter } => member(path, filter, kind),
        _ => None,
    }
}

fn compared(path: &AttributePath, text: &str, kind: ResourceKind) -> Option<IndexTerm> {
    let place = Place::of(path, kind)?;
    if place.extension.is_some() {
        return None;
    }
    let leaf = place.leaf()?.name;
    match (kind, place.attribute.name, leaf) {
        (_, "id", _) => Some(text.parse().map_or(IndexTerm::Nothing, IndexTerm::Id)),
        (ResourceKind::User, "userName", _) => {
            Some(IndexTerm::User(UserIndex::UserName(Folded::of(text))))
        }
        (ResourceKind::User, "externalId", _) => {
            Some(IndexTerm::User(UserIndex::ExternalId(text.into())))
        }
        (ResourceKind::Group, "displayName", _) => {
            Some(IndexTerm::Group(GroupIndex::DisplayName(Folded::of(text))))
        }
        (ResourceKind::Group, "externalId", _) => {
            Some(IndexTerm::Group(GroupIndex::ExternalId(text.into())))
        }
        (ResourceKind::Group, "members", "value") => Some(of_member(text)),
        _ => None,
    }
}

/// `members[value eq "…"]`.
fn member(path: &AttributePath, filter: &Filter, kind: ResourceKind) -> Option<IndexTerm> {
    let place = Place::of(path, kind)?;
    let is_members =
        kind == ResourceKind::Group && place.attribute.name == "members" && place.part.is_none();
    match filter {
        Filter::Compare {
            path,
            operator: Operator::Equal,
            with: Literal::Text(text),
        } if is_members && is_value(path) => Some(of_member(text)),
        _ => None,
    }
}

fn of_member(text: &str) -> IndexTerm {
    text.parse().map_or(IndexTerm::Nothing, |id| {
        IndexTerm::Group(GroupIndex::Member(id))
    })
}

/// Whether a path within brackets is of the value itself.
pub(crate) fn is_value(path: &AttributePath) -> bool {
    path.urn.is_none() && path.part.is_none() && path.name.eq_ignore_ascii_case("value")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(text: &str, kind: ResourceKind) -> (Vec<IndexTerm>, Option<String>) {
        let (terms, rest) = indexed(Filter::read(text).unwrap(), kind);
        (terms, rest.map(|rest| rest.to_string()))
    }

    #[test]
    fn what_clients_look_up_has_an_index() {
        let user_name = IndexTerm::User(UserIndex::UserName(Folded::of("ana")));
        let external = IndexTerm::User(UserIndex::ExternalId("E".into()));
        let user = ResourceKind::User;
        assert_eq!(
            divided(r#"USERNAME eq "Ana""#, user),
            (vec![user_name], None)
        );
        assert_eq!(
            divided(r#"externalId eq "E""#, user),
            (vec![external], None)
        );
        let group = ResourceKind::Group;
        let member = || IndexTerm::Group(GroupIndex::Member("u1".parse().unwrap()));
        for text in [
            r#"members.value eq "u1""#,
            r#"members[value eq "u1"]"#,
            r#"members eq "u1""#,
        ] {
            assert_eq!(divided(text, group), (vec![member()], None), "{text}");
        }
        let id = IndexTerm::Id("g1".parse().unwrap());
        let asked = r#"id eq "g1" and members eq "u1""#;
        assert_eq!(divided(asked, group), (vec![id, member()], None));
    }

    #[test]
    fn the_rest_is_left_to_be_asked() {
        let (terms, rest) = divided(
            r#"title pr and userName eq "a" and active eq true"#,
            ResourceKind::User,
        );
        assert_eq!(terms.len(), 1);
        assert_eq!(rest.as_deref(), Some("title pr and active eq true"));
    }

    #[test]
    fn what_could_hold_for_others_too_has_none() {
        for text in [
            r#"userName eq "a" or title pr"#,
            r#"not (userName eq "a")"#,
            r#"userName sw "a""#,
            r#"displayName eq "a""#,
        ] {
            assert!(divided(text, ResourceKind::User).0.is_empty(), "{text}");
        }
        assert!(
            divided(r#"members[value eq "u" or type pr]"#, ResourceKind::Group)
                .0
                .is_empty()
        );
    }

    #[test]
    fn an_id_that_there_cannot_be_is_looked_for_nowhere() {
        let (terms, _) = divided(r#"id eq "../x""#, ResourceKind::User);
        assert_eq!(terms, vec![IndexTerm::Nothing]);
    }
}

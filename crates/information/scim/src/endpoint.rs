//! What there is, and what can be done with it: RFC 7644, table 1.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::{
    id::{ResourceId, ResourceKind},
    schema::Schema,
};

/// A place that requests go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// All resources.
    Root,
    /// All resources of a kind.
    All(ResourceKind),
    One(ResourceKind, ResourceId),
    /// `/.search`, of a kind or of all.
    Search(Option<ResourceKind>),
    Bulk,
    Config,
    Types,
    Type(ResourceKind),
    Schemas,
    Schema(&'static Schema),
    Me,
}

/// What is done there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Read,
    Create,
    Replace,
    Patch,
    Remove,
}

impl Endpoint {
    /// The place of a path below the service's own; none where there is nothing.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let Some(path) = path.strip_prefix('/') else {
            return path.is_empty().then_some(Self::Root);
        };
        let path = path.strip_suffix('/').unwrap_or(path);
        match path.split_once('/') {
            None => Self::first(path),
            Some((first, second)) => Self::second(first, second),
        }
    }

    fn first(segment: &str) -> Option<Self> {
        Some(match segment {
            "" => Self::Root,
            ".search" => Self::Search(None),
            "Bulk" => Self::Bulk,
            "ServiceProviderConfig" => Self::Config,
            "ResourceTypes" => Self::Types,
            "Schemas" => Self::Schemas,
            "Me" => Self::Me,
            segment => Self::All(kind_at(segment)?),
        })
    }

    fn second(first: &str, second: &str) -> Option<Self> {
        // Decoded once: what is still escaped after it is in no id.
        let second = percent_decode_str(second).decode_utf8().ok()?;
        let of_name = |kind: &ResourceKind| kind.name() == second;
        let of_urn = |schema: &&'static Schema| schema.urn == second;
        Some(match (first, &*second) {
            ("ResourceTypes", _) => Self::Type(ResourceKind::ALL.into_iter().find(of_name)?),
            ("Schemas", _) => Self::Schema(Schema::ALL.into_iter().find(of_urn)?),
            (_, ".search") => Self::Search(Some(kind_at(first)?)),
            _ => Self::One(kind_at(first)?, second.parse().ok()?),
        })
    }

    /// The methods that there are.
    pub(crate) const fn methods(&self) -> &'static str {
        match self {
            Self::All(_) => "GET, HEAD, POST",
            Self::One(..) => "GET, HEAD, PUT, PATCH, DELETE",
            Self::Search(_) | Self::Bulk => "POST",
            Self::Me => "GET, HEAD, POST, PUT, PATCH, DELETE",
            Self::Root
            | Self::Config
            | Self::Types
            | Self::Type(_)
            | Self::Schemas
            | Self::Schema(_) => "GET, HEAD",
        }
    }

    /// What a method does here; none where it is not one of them.
    pub(crate) fn action(&self, method: &Method) -> Option<Action> {
        if !self.methods().split(", ").any(|one| one == method.as_str()) {
            return None;
        }
        Some(match *method {
            Method::POST => Action::Create,
            Method::PUT => Action::Replace,
            Method::PATCH => Action::Patch,
            Method::DELETE => Action::Remove,
            _ => Action::Read,
        })
    }
}

pub(crate) fn kind_at(segment: &str) -> Option<ResourceKind> {
    ResourceKind::ALL
        .into_iter()
        .find(|kind| kind.segment() == segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_of_the_standard_leads_somewhere() {
        let user = ResourceKind::User;
        let one = Endpoint::One(user, "u-1".parse().unwrap());
        for (path, expected) in [
            ("", Endpoint::Root),
            ("/", Endpoint::Root),
            ("/Users", Endpoint::All(user)),
            ("/Users/", Endpoint::All(user)),
            ("/Users/u-1", one.clone()),
            ("/Users/u%2D1", one),
            ("/Users/.search", Endpoint::Search(Some(user))),
            ("/.search", Endpoint::Search(None)),
            ("/Bulk", Endpoint::Bulk),
            ("/ResourceTypes/Group", Endpoint::Type(ResourceKind::Group)),
        ] {
            assert_eq!(Endpoint::of(path), Some(expected), "{path}");
        }
        let urn = "/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group";
        assert!(matches!(Endpoint::of(urn), Some(Endpoint::Schema(_))));
    }

    #[test]
    fn a_path_that_climbs_leads_nowhere() {
        for path in [
            "/Users/..",
            "/Users/../Groups",
            "/Users/%2e%2e",
            "/Users/..%2fGroups",
            "/Users/a/b",
            "/Users/%252e",
            "/Users/a%2fb",
            "/Users/%00",
            "/Users/%ff",
            "/users/x",
            "x",
            "//Users",
            "/Users//x",
            "/Schemas/x",
            "/ResourceTypes/Door",
            "/Doors/x",
        ] {
            assert_eq!(Endpoint::of(path), None, "{path}");
        }
    }

    #[test]
    fn other_methods_are_told_apart() {
        assert_eq!(Endpoint::Config.action(&Method::POST), None);
        assert_eq!(Endpoint::Config.action(&Method::HEAD), Some(Action::Read));
        assert_eq!(Endpoint::Bulk.action(&Method::GET), None);
        assert_eq!(
            Endpoint::All(ResourceKind::User).action(&Method::OPTIONS),
            None
        );
    }
}

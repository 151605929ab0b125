//! The attributes that are kept (RFC 7643, sections 2, 3.1, 4 and 7): reading, filtering, patching
//! and the announcement at `/Schemas` all go by these tables, so that they cannot disagree.

mod announced;
mod attribute;
mod group;
mod user;

pub(crate) use self::{
    announced::announced,
    attribute::{Attribute, Mutability, Returned, Type},
};
use crate::id::ResourceKind;

/// The URN of the schema of people.
pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The URN of the schema of groups.
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The URN of the enterprise extension of people.
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A schema.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) urn: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) attributes: &'static [Attribute],
}

impl Schema {
    /// All of them.
    pub(crate) const ALL: [&'static Self; 3] =
        [&user::SCHEMA, &group::SCHEMA, &user::ENTERPRISE_SCHEMA];

    /// One of its attributes. Names do not tell case.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        attribute::named(self.attributes, name)
    }
}

/// What every resource has beside its schema's attributes: RFC 7643, section 3.1.
const COMMON: &[Attribute] = &[
    Attribute::text(
        "schemas",
        "The schemas that the resource's attributes are of.",
    )
    .many()
    .case_exact()
    .read_only()
    .always(),
    Attribute::text("id", "Given by the directory, and never given again.")
        .case_exact()
        .read_only()
        .always(),
    Attribute::text("externalId", "The client's own id of the resource.").case_exact(),
    Attribute::complex(
        "meta",
        "What the directory knows of the resource.",
        &[
            Attribute::text("resourceType", "The kind of resource.")
                .case_exact()
                .read_only(),
            Attribute::of_type("created", Type::Instant, "When it was created.").read_only(),
            Attribute::of_type("lastModified", Type::Instant, "When it was last changed.")
                .read_only(),
            Attribute::text("location", "Where it is.")
                .case_exact()
                .read_only(),
            Attribute::text("version", "Its entity tag.")
                .case_exact()
                .read_only(),
        ],
    )
    .read_only(),
];

/// Attributes of the standard's schema of people (RFC 7643, section 4.1) that are not kept: a patch
/// that names one is read as if it did not, as a whole resource with one is (RFC 7644, section 3.3).
const NOT_KEPT: &[&str] = &[
    "nickName",
    "profileUrl",
    "preferredLanguage",
    "locale",
    "timezone",
    "password",
    "phoneNumbers",
    "ims",
    "photos",
    "addresses",
    "entitlements",
    "roles",
    "x509Certificates",
];

/// The same for parts of attributes that are kept.
const PARTS_NOT_KEPT: &[(&str, &str)] = &[
    ("name", "middleName"),
    ("name", "honorificPrefix"),
    ("name", "honorificSuffix"),
    ("emails", "display"),
    ("manager", "$ref"),
    ("manager", "displayName"),
];

impl ResourceKind {
    /// The schema of its own.
    pub(crate) const fn schema(self) -> &'static Schema {
        match self {
            Self::User => &user::SCHEMA,
            Self::Group => &group::SCHEMA,
        }
    }

    /// The schema that extends it.
    pub(crate) const fn extension(self) -> Option<&'static Schema> {
        match self {
            Self::User => Some(&user::ENTERPRISE_SCHEMA),
            Self::Group => None,
        }
    }

    /// An attribute that is named without a schema, or with the kind's own.
    pub(crate) fn attribute(self, name: &str) -> Option<&'static Attribute> {
        attribute::named(COMMON, name).or_else(|| self.schema().attribute(name))
    }

    /// Whether the standard has such an attribute, or such a part of one, that is not kept here.
    pub(crate) fn is_not_kept(self, name: &str, part: Option<&str>) -> bool {
        let is_part = |(of, known): &(&str, &str)| {
            of.eq_ignore_ascii_case(name)
                && part.is_some_and(|part| known.eq_ignore_ascii_case(part))
        };
        let is_attribute = |known: &&str| known.eq_ignore_ascii_case(name);
        self == Self::User
            && (NOT_KEPT.iter().any(is_attribute) || PARTS_NOT_KEPT.iter().any(is_part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_tell_case_and_schemas_do_not_hide_one_another() {
        let user = ResourceKind::User;
        assert_eq!(user.attribute("USERNAME").unwrap().name, "userName");
        assert_eq!(user.attribute("externalid").unwrap().name, "externalId");
        assert!(user.attribute("department").is_none() && user.attribute("members").is_none());
        let names = |attributes: &[Attribute]| -> Vec<String> {
            attributes
                .iter()
                .map(|a| a.name.to_ascii_lowercase())
                .collect()
        };
        for schema in Schema::ALL {
            // Clients make names of commands of it.
            assert!(!schema.name.contains(' '), "{}", schema.name);
            let mut all = names(schema.attributes);
            all.extend(names(COMMON));
            let count = all.len();
            all.sort();
            all.dedup();
            assert_eq!(all.len(), count, "{}", schema.urn);
        }
    }
}

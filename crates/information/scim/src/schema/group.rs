//! Groups: RFC 7643, section 4.2.

use super::{
    GROUP, Schema,
    attribute::{Attribute, Type},
};

/// What is kept of groups.
pub(super) static SCHEMA: Schema = Schema {
    urn: GROUP,
    name: "Group",
    description: "A group of people and of other groups",
    attributes: &[
        Attribute::text("displayName", "The group's name.")
            .required()
            .unique(),
        Attribute::complex(
            "members",
            "Who is in the group.",
            &[
                Attribute::text("value", "The member's id.")
                    .case_exact()
                    .immutable(),
                Attribute::of_type(
                    "$ref",
                    Type::Reference(&["User", "Group"]),
                    "Where the member is.",
                )
                .case_exact()
                .immutable(),
                Attribute::text("type", "What the member is.")
                    .canonical(&["User", "Group"])
                    .immutable(),
                Attribute::text("display", "The member's name; only where asked for.")
                    .read_only()
                    .on_request(),
            ],
        )
        .many(),
    ],
};

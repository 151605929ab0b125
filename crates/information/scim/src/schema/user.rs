//! People: RFC 7643, sections 4.1 and 4.3.

use super::{
    ENTERPRISE, Schema, USER,
    attribute::{Attribute, Type},
};

/// What is kept of people.
pub(super) static SCHEMA: Schema = Schema {
    urn: USER,
    name: "User",
    description: "A person",
    attributes: &[
        Attribute::text("userName", "The name that the person signs in with.")
            .required()
            .unique(),
        Attribute::complex(
            "name",
            "The parts of the person's name.",
            &[
                Attribute::text("formatted", "The whole name, as it is shown."),
                Attribute::text("familyName", "The family name."),
                Attribute::text("givenName", "The given name."),
            ],
        ),
        Attribute::text("displayName", "The name that pages show."),
        Attribute::text("title", "The person's title in the organisation."),
        Attribute::text("userType", "How the person belongs to the organisation."),
        Attribute::of_type(
            "active",
            Type::Boolean,
            "Whether the person may sign in; where false, every session ends at once.",
        )
        .required(),
        Attribute::complex(
            "emails",
            "Addresses for messages; never identifiers.",
            &[
                Attribute::text("value", "The address."),
                Attribute::text("type", "What it is for.").canonical(&["work", "home", "other"]),
                Attribute::of_type("primary", Type::Boolean, "Whether it is the preferred one."),
            ],
        )
        .many(),
        Attribute::complex(
            "groups",
            "The groups that the person is in; changed at the groups.",
            &[
                Attribute::text("value", "The group's id.")
                    .case_exact()
                    .read_only(),
                Attribute::of_type("$ref", Type::Reference(&["Group"]), "Where the group is.")
                    .case_exact()
                    .read_only(),
                Attribute::text("display", "The group's name.").read_only(),
                Attribute::text("type", "Whether the person is in it directly.")
                    .canonical(&["direct", "indirect"])
                    .read_only(),
            ],
        )
        .many()
        .read_only(),
    ],
};

/// What is kept of people in organisations.
pub(super) static ENTERPRISE_SCHEMA: Schema = Schema {
    urn: ENTERPRISE,
    name: "EnterpriseUser",
    description: "A person's place in an organisation",
    attributes: &[
        Attribute::text(
            "employeeNumber",
            "The number that the organisation gave the person.",
        ),
        Attribute::text("costCenter", "The cost centre."),
        Attribute::text("organization", "The organisation."),
        Attribute::text("division", "The division."),
        Attribute::text("department", "The department."),
        Attribute::complex(
            "manager",
            "The person's manager.",
            &[Attribute::text("value", "The manager's id, as the client has it.").case_exact()],
        ),
    ],
};

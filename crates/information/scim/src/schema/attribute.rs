//! What is known of an attribute: RFC 7643, sections 2.2 and 7.

/// The type of an attribute's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Boolean,
    /// `dateTime`: RFC 7643, section 2.3.5.
    Instant,
    /// A reference to resources of these types.
    Reference(&'static [&'static str]),
    /// Made of other attributes, which are not complex themselves.
    Complex(&'static [Attribute]),
}

/// Who may change it, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutability {
    ReadWrite,
    /// Given by the directory.
    ReadOnly,
    /// Given by the client, once.
    Immutable,
}

/// When it is in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returned {
    Always,
    Default,
    /// Only where it is asked for by name.
    Request,
}

/// An attribute, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) value: Type,
    pub(crate) is_many: bool,
    pub(crate) is_required: bool,
    pub(crate) is_case_exact: bool,
    pub(crate) is_unique: bool,
    pub(crate) mutability: Mutability,
    pub(crate) returned: Returned,
    pub(crate) canonical: &'static [&'static str],
}

impl Attribute {
    pub(super) const fn of_type(
        name: &'static str,
        value: Type,
        description: &'static str,
    ) -> Self {
        Self {
            name,
            description,
            value,
            is_many: false,
            is_required: false,
            is_case_exact: false,
            is_unique: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            canonical: &[],
        }
    }

    pub(super) const fn text(name: &'static str, description: &'static str) -> Self {
        Self::of_type(name, Type::Text, description)
    }

    pub(super) const fn complex(
        name: &'static str,
        description: &'static str,
        parts: &'static [Self],
    ) -> Self {
        Self::of_type(name, Type::Complex(parts), description)
    }

    pub(super) const fn many(mut self) -> Self {
        self.is_many = true;
        self
    }

    pub(super) const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    pub(super) const fn case_exact(mut self) -> Self {
        self.is_case_exact = true;
        self
    }

    pub(super) const fn unique(mut self) -> Self {
        self.is_unique = true;
        self
    }

    pub(super) const fn read_only(mut self) -> Self {
        self.mutability = Mutability::ReadOnly;
        self
    }

    pub(super) const fn immutable(mut self) -> Self {
        self.mutability = Mutability::Immutable;
        self
    }

    pub(super) const fn always(mut self) -> Self {
        self.returned = Returned::Always;
        self
    }

    pub(super) const fn on_request(mut self) -> Self {
        self.returned = Returned::Request;
        self
    }

    pub(super) const fn canonical(mut self, values: &'static [&'static str]) -> Self {
        self.canonical = values;
        self
    }

    /// What it is made of.
    pub(crate) const fn parts(&self) -> &'static [Self] {
        match self.value {
            Type::Complex(parts) => parts,
            _ => &[],
        }
    }

    /// A part of it. Names do not tell case.
    pub(crate) fn part(&self, name: &str) -> Option<&'static Self> {
        named(self.parts(), name)
    }

    pub(crate) const fn is_complex(&self) -> bool {
        matches!(self.value, Type::Complex(_))
    }

    /// The part that stands for the whole where a plain value is given or compared.
    pub(crate) fn stand_in(&self) -> Option<&'static Self> {
        self.part("value")
    }
}

pub(super) fn named(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

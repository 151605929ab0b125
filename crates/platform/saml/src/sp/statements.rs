//! What an assertion states: how somebody signed in (Core 2.7.2), and what is said about them
//! (2.7.3).

use gw_model::Timestamp;

use crate::{
    ShapeFault,
    limits::{ATTRIBUTE_VALUES_MAX, ATTRIBUTES_MAX, ID_MAX_BYTES, VALUE_MAX_BYTES},
    names::ASSERTION,
    xml::{Node, sequence},
};

use super::{
    AssertionFault, Expected,
    assertion::{check_window, time},
};

/// How and when somebody signed in at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentication {
    /// When.
    pub instant: Timestamp,
    /// How, as a URI that both sides know.
    pub context: Option<String>,
    /// The provider's session: a logout will name it.
    pub session_index: Option<String>,
    /// When our session has to end.
    pub session_not_on_or_after: Option<Timestamp>,
}

/// One attribute of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name, what it is known by.
    pub name: String,
    /// How the name is to be understood.
    pub name_format: Option<String>,
    /// A name for people; decides nothing.
    pub friendly_name: Option<String>,
    /// Its values in their order.
    pub values: Vec<String>,
}

/// The one statement that somebody signed in.
pub(super) fn read_authentication(
    assertion: Node<'_>,
    statements: &[Node<'_>],
    expected: &Expected<'_>,
) -> Result<Authentication, AssertionFault> {
    let mut all = statements
        .iter()
        .filter(|node| node.is(ASSERTION, "AuthnStatement"));
    let statement = match (all.next(), all.next()) {
        (Some(statement), None) => *statement,
        (None, _) => return Err(ShapeFault::missing(assertion, "AuthnStatement").into()),
        (Some(_), Some(_)) => return Err(AssertionFault::TooMuch("statements of authentication")),
    };
    let instant = time(statement, "AuthnInstant")?;
    let instant = instant.ok_or_else(|| ShapeFault::missing(statement, "AuthnInstant"))?;
    check_window(Some(instant), None, expected)?;
    let session_not_on_or_after = time(statement, "SessionNotOnOrAfter")?;
    check_window(None, session_not_on_or_after, expected)
        .map_err(|_| AssertionFault::SessionOver)?;
    let session_index = statement.attribute("SessionIndex");
    if session_index.is_some_and(|index| index.len() > ID_MAX_BYTES) {
        return Err(ShapeFault::value(statement, "SessionIndex").into());
    }
    let context = statement.named(ASSERTION, "AuthnContext").next();
    let context = context.ok_or_else(|| ShapeFault::missing(statement, "AuthnContext"))?;
    let class = context.named(ASSERTION, "AuthnContextClassRef").next();
    let class = class.and_then(Node::text);
    Ok(Authentication {
        instant,
        context: class.map(|class| class.trim().to_owned()),
        session_index: session_index.map(str::to_owned),
        session_not_on_or_after,
    })
}

pub(super) fn read_attributes(statements: &[Node<'_>]) -> Result<Vec<Attribute>, AssertionFault> {
    let mut attributes = Vec::new();
    let mut values = 0;
    let all = statements
        .iter()
        .filter(|node| node.is(ASSERTION, "AttributeStatement"));
    for statement in all {
        let mut children = sequence(*statement)?;
        for node in children.many(ASSERTION, "Attribute") {
            let attribute = read_attribute(node)?;
            values += attribute.values.len();
            attributes.push(attribute);
            if attributes.len() > ATTRIBUTES_MAX || values > ATTRIBUTE_VALUES_MAX {
                return Err(AssertionFault::TooMuch("attributes or values"));
            }
        }
        // An encrypted attribute comes here: saying so is better than going on without it.
        children.end()?;
    }
    Ok(attributes)
}

fn read_attribute(node: Node<'_>) -> Result<Attribute, AssertionFault> {
    let name = node.attribute("Name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| ShapeFault::missing(node, "Name"))?;
    let mut children = sequence(node)?;
    let values = children.many(ASSERTION, "AttributeValue");
    children.end()?;
    let values: Vec<String> = values.into_iter().filter_map(read_value).collect();
    if values.iter().any(|value| value.len() > VALUE_MAX_BYTES) {
        return Err(AssertionFault::TooMuch("text in one value"));
    }
    let maybe = |name| node.attribute(name).map(str::to_owned);
    Ok(Attribute {
        name: name.to_owned(),
        name_format: maybe("NameFormat"),
        friendly_name: maybe("FriendlyName"),
        values,
    })
}

/// Text, or a name identifier's text; other structures are left out.
fn read_value(value: Node<'_>) -> Option<String> {
    value
        .text()
        .or_else(|| value.named(ASSERTION, "NameID").next()?.text())
}

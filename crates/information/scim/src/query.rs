//! What a request asks of many resources: RFC 7644, sections 3.4.2 and 3.4.3.

use serde_json::{Map, Value};

use crate::{
    filter::Filter,
    path::AttributePath,
    projection::Projection,
    refusal::Refusal,
    resource::{listed, present},
    text::shown,
};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Query {
    pub(crate) filter: Option<Filter>,
    pub(crate) sort: Option<Sort>,
    /// The first resource that is wanted, counted from 0.
    pub(crate) from: usize,
    /// How many are wanted, where the client says.
    pub(crate) count: Option<usize>,
    pub(crate) projection: Projection,
}

/// In which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sort {
    pub(crate) by: AttributePath,
    pub(crate) is_descending: bool,
}

impl Query {
    /// A query from the address.
    pub(crate) fn of_address(query: &str) -> Result<Self, Refusal> {
        let mut given = Map::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let known = NAMES.iter().find(|known| known.eq_ignore_ascii_case(&name));
            let Some(known) = known else { continue };
            let value = match *known {
                "attributes" | "excludedAttributes" => value.split(',').map(Value::from).collect(),
                _ => Value::from(value),
            };
            if given.insert((*known).to_owned(), value).is_some() {
                return Err(Refusal::value(format!("`{known}` is there twice")));
            }
        }
        Self::of(given)
    }

    /// A query from a `SearchRequest`.
    pub(crate) fn of_message(mut message: Map<String, Value>) -> Result<Self, Refusal> {
        if let Some(schemas) = present(&mut message, "schemas") {
            listed(&schemas, SEARCH)?;
        }
        Self::of(message)
    }

    fn of(mut given: Map<String, Value>) -> Result<Self, Refusal> {
        let filter = text(&mut given, "filter")?;
        let by = text(&mut given, "sortBy")?;
        let order = text(&mut given, "sortOrder")?;
        let from = number(&mut given, "startIndex")?.unwrap_or(1).max(1);
        let count = number(&mut given, "count")?.map(|count| count.max(0));
        let attributes = texts(&mut given, "attributes")?;
        let excluded = texts(&mut given, "excludedAttributes")?;
        Ok(Self {
            filter: filter.map(|text| Filter::read(&text)).transpose()?,
            sort: by.map(|by| Sort::of(&by, order.as_deref())).transpose()?,
            from: usize::try_from(from - 1).unwrap_or(usize::MAX),
            count: count.map(|count| usize::try_from(count).unwrap_or(usize::MAX)),
            projection: Projection::of(attributes, excluded)?,
        })
    }
}

const NAMES: &[&str] = &[
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "attributes",
    "excludedAttributes",
];

impl Sort {
    fn of(by: &str, order: Option<&str>) -> Result<Self, Refusal> {
        let fault = |fault| {
            Refusal::bad(
                "invalidPath",
                format!("`sortBy`: `{}` is {fault}", shown(by)),
            )
        };
        let is_descending = match order {
            None => false,
            Some(order) if order.eq_ignore_ascii_case("ascending") => false,
            Some(order) if order.eq_ignore_ascii_case("descending") => true,
            Some(_) => return Err(Refusal::value("`sortOrder` is ascending or descending")),
        };
        Ok(Self {
            by: AttributePath::read(by).map_err(fault)?,
            is_descending,
        })
    }
}

fn text(given: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match present(given, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok((!text.is_empty()).then_some(text)),
        Some(_) => Err(Refusal::value(format!("`{name}` is not a text"))),
    }
}

fn texts(given: &mut Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, Refusal> {
    let fault = || Refusal::value(format!("`{name}` is not a list of texts"));
    let values = match present(given, name) {
        None => return Ok(None),
        Some(Value::Array(values)) => values,
        Some(_) => return Err(fault()),
    };
    let mut names = Vec::with_capacity(values.len());
    for value in values {
        match value {
            Value::String(text) if text.trim().is_empty() => {}
            Value::String(text) => names.push(text),
            _ => return Err(fault()),
        }
    }
    Ok((!names.is_empty()).then_some(names))
}

/// A whole number; in an address it is a text.
fn number(given: &mut Map<String, Value>, name: &str) -> Result<Option<i64>, Refusal> {
    let read = match present(given, name) {
        None => return Ok(None),
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    match read {
        Some(number) => Ok(Some(number)),
        None => Err(Refusal::value(format!("`{name}` is not a whole number"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_and_a_message_ask_the_same() {
        let address = "filter=userName%20sw+%22a%22&sortBy=userName&sortOrder=Descending\
            &startIndex=11&count=5&attributes=userName,%20name.givenName&other=x";
        let message = json!({
            "schemas": [SEARCH], "filter": "userName sw \"a\"", "sortBy": "userName",
            "sortOrder": "descending", "startIndex": 11, "count": 5,
            "attributes": ["userName", "name.givenName"],
        });
        let asked = Query::of_address(address).unwrap();
        assert_eq!(
            Query::of_message(message.as_object().unwrap().clone()),
            Ok(asked.clone())
        );
        assert_eq!((asked.from, asked.count), (10, Some(5)));
    }

    #[test]
    fn places_below_the_first_are_the_first_and_counts_below_none_are_none() {
        let asked = Query::of_address("startIndex=-3&count=-1").unwrap();
        assert_eq!((asked.from, asked.count), (0, Some(0)));
        assert_eq!(Query::of_address("").unwrap(), Query::default());
    }

    #[test]
    fn an_empty_filter_is_none() {
        let asked = Query::of_address("filter=&sortBy=&attributes=").unwrap();
        assert_eq!(asked, Query::default());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for query in [
            "startIndex=x",
            "count=1.5",
            "count=99999999999999999999",
            "filter=x",
            "sortBy=a%20b",
            "sortBy=a&sortOrder=up",
            "count=1&COUNT=2",
            "attributes=a&excludedAttributes=b",
        ] {
            assert!(Query::of_address(query).is_err(), "{query}");
        }
    }
}

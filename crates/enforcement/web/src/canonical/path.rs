//! Path and query in one spelling.
//!
//! Two readings of a path are kept apart. The *canonical* one is what policy sees and the
//! upstream gets. The *loosest* one is the furthest that a careless upstream could take it:
//! decoded to the end, parameters, spaces and dots at the end of segments cut off, slashes
//! merged. No segment of the loosest reading may be a dot segment, and it must belong to the
//! same route as the canonical one. So must what is left of it for an upstream that takes a
//! `?` or `#` that was encoded for the end of the path.

use std::borrow::Cow;

use http::{Uri, uri::PathAndQuery};

use super::Ambiguous;

/// Path and query as policy sees them and the upstream gets them.
#[derive(Debug, Clone)]
pub struct Target {
    path_and_query: PathAndQuery,
    ambiguity: Option<Ambiguous>,
    loosest: Option<String>,
    shortest: Option<String>,
}

impl Target {
    /// Reads the target of a request.
    ///
    /// # Errors
    /// Where no route may accept it.
    pub fn read(uri: &Uri) -> Result<Self, Ambiguous> {
        if uri.authority().is_some() != uri.scheme().is_some() {
            return Err(Ambiguous::NotAPath);
        }
        let given = uri.path_and_query().ok_or(Ambiguous::NotAPath)?;
        if given
            .query()
            .is_some_and(|q| !q.bytes().all(|b| b.is_ascii_graphic()))
        {
            return Err(Ambiguous::Text);
        }
        let read = canonical_path(given.path())?;
        let path_and_query = match (&read.path, given.as_str()) {
            // What stands for an absent path shows as one, yet equals no path that was written.
            (_, "/") => PathAndQuery::from_static("/"),
            (Cow::Borrowed(_), text) if text.starts_with('/') => given.clone(),
            (path, _) => joined(path, given.query())?,
        };
        Ok(Self {
            path_and_query,
            ambiguity: read.ambiguity,
            loosest: read.loosest,
            shortest: read.shortest,
        })
    }

    /// The canonical path.
    pub fn path(&self) -> &str {
        self.path_and_query.path()
    }

    /// The query as it was sent.
    pub fn query(&self) -> Option<&str> {
        self.path_and_query.query()
    }

    /// Both, as the upstream gets them.
    pub const fn path_and_query(&self) -> &PathAndQuery {
        &self.path_and_query
    }

    /// What only a route that opts in accepts.
    pub const fn ambiguity(&self) -> Option<Ambiguous> {
        self.ambiguity
    }

    /// The furthest readings, where they differ from the canonical one.
    pub fn readings(&self) -> impl Iterator<Item = &str> {
        self.loosest
            .iter()
            .chain(&self.shortest)
            .map(String::as_str)
    }
}

fn joined(path: &str, query: Option<&str>) -> Result<PathAndQuery, Ambiguous> {
    let text = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    PathAndQuery::try_from(text).map_err(|_| Ambiguous::Text)
}

/// A path that was read.
#[derive(Debug)]
pub struct PathRead<'a> {
    /// The canonical form; borrowed where it was canonical already.
    pub path: Cow<'a, str>,
    /// What only a route that opts in accepts.
    pub ambiguity: Option<Ambiguous>,
    /// The furthest reading, where it differs.
    pub loosest: Option<String>,
    /// The same up to an encoded `?` or `#`, where it has one.
    pub shortest: Option<String>,
}

/// Reads a path. Idempotent: reading its result again gives the same.
///
/// # Errors
/// Where no route may accept it.
pub fn canonical_path(path: &str) -> Result<PathRead<'_>, Ambiguous> {
    if !path.starts_with('/') {
        return Err(Ambiguous::NotAPath);
    }
    if is_plain(path.as_bytes()) {
        return Ok(PathRead {
            path: Cow::Borrowed(path),
            ambiguity: None,
            loosest: None,
            shortest: None,
        });
    }
    let canonical = spelled(path)?;
    let decoded = decoded(&canonical)?;
    let ambiguity = ambiguity(&canonical);
    let text = decoded_to_the_end(&decoded)?;
    let loosest = merged(&text);
    let end = text.find(['?', '#']);
    let shortest = end.and_then(|end| text.get(..end)).map(merged);
    if loosest.split('/').any(|s| s == "." || s == "..") {
        return Err(Ambiguous::DotSegment);
    }
    Ok(PathRead {
        loosest: (loosest != canonical).then_some(loosest),
        shortest,
        path: if canonical == path {
            Cow::Borrowed(path)
        } else {
            Cow::Owned(canonical)
        },
        ambiguity,
    })
}

/// Whether a path is canonical by its characters alone, which nearly all are.
fn is_plain(path: &[u8]) -> bool {
    let mut before = 0;
    for &byte in path {
        let fine = match byte {
            b'/' => !matches!(before, b'/' | b'.'),
            b'.' => before != b'/',
            _ => is_path_character(byte),
        };
        if !fine {
            return false;
        }
        before = byte;
    }
    before != b'.'
}

/// RFC 3986 `pchar` without `%` and `;`.
const fn is_path_character(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(
            byte,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':' | b'@'
        )
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Unreserved characters decoded, hex upper-cased, characters that no path holds encoded.
fn spelled(path: &str) -> Result<String, Ambiguous> {
    let mut out = String::with_capacity(path.len() + 8);
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => match hex_pair(bytes.next(), bytes.next())? {
                value if is_unreserved(value) => out.push(char::from(value)),
                value => push_encoded(&mut out, value),
            },
            b'\\' => return Err(Ambiguous::Backslash),
            b'/' | b';' => out.push(char::from(byte)),
            b if is_path_character(b) => out.push(char::from(b)),
            b if b.is_ascii_graphic() => push_encoded(&mut out, b),
            b if b.is_ascii() => return Err(Ambiguous::Control),
            _ => return Err(Ambiguous::Text),
        }
    }
    Ok(out)
}

fn hex_pair(high: Option<u8>, low: Option<u8>) -> Result<u8, Ambiguous> {
    let digit = |byte: Option<u8>| {
        byte.and_then(|b| char::from(b).to_digit(16))
            .and_then(|d| u8::try_from(d).ok())
            .ok_or(Ambiguous::PercentEncoding)
    };
    Ok((digit(high)? << 4) | digit(low)?)
}

fn push_encoded(out: &mut String, byte: u8) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let digit = |value: u8| HEX.get(usize::from(value)).copied().unwrap_or('0');
    out.push('%');
    out.push(digit(byte >> 4));
    out.push(digit(byte & 0xf));
}

/// A canonical path decoded once.
fn decoded(canonical: &str) -> Result<String, Ambiguous> {
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(canonical).collect();
    let text = String::from_utf8(bytes).map_err(|_| Ambiguous::Text)?;
    if text.chars().any(char::is_control) {
        return Err(Ambiguous::Control);
    }
    if text.contains('\\') {
        return Err(Ambiguous::Backslash);
    }
    Ok(text)
}

fn ambiguity(canonical: &str) -> Option<Ambiguous> {
    if canonical.contains("%2F") {
        return Some(Ambiguous::EncodedSlash);
    }
    if canonical.contains("//") {
        return Some(Ambiguous::EmptySegment);
    }
    if canonical.contains(';') || canonical.contains("%3B") {
        return Some(Ambiguous::Parameter);
    }
    encoded_twice(canonical).then_some(Ambiguous::EncodedTwice)
}

fn encoded_twice(canonical: &str) -> bool {
    canonical.match_indices("%25").any(|(at, _)| {
        canonical
            .as_bytes()
            .get(at + 3..at + 5)
            .is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
    })
}

/// How often an upstream may decode what is decoded already; what is nested deeper is refused.
const FURTHER_DECODINGS: usize = 2;

/// A path that was decoded to the end, with parameters cut and slashes merged.
fn merged(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for segment in text.split(['/', '\\']) {
        let segment = bare(segment.split(';').next().unwrap_or_default());
        if !segment.is_empty() {
            out.push('/');
            out.push_str(segment);
        }
    }
    if out.is_empty() || text.ends_with('/') {
        out.push('/');
    }
    out
}

/// A segment without what some file systems leave away around a name.
fn bare(segment: &str) -> &str {
    match segment.trim() {
        dots @ ("." | "..") => dots,
        dots if dots.contains(' ') && dots.chars().all(|c| matches!(c, '.' | ' ')) => "..",
        name => name.trim_end_matches(['.', ' ']),
    }
}

fn decoded_to_the_end(decoded: &str) -> Result<Cow<'_, str>, Ambiguous> {
    let mut text = Cow::Borrowed(decoded);
    for _ in 0..=FURTHER_DECODINGS {
        let next: Vec<u8> = percent_encoding::percent_decode_str(&text).collect();
        if next.len() == text.len() {
            return Ok(text);
        }
        text = Cow::Owned(String::from_utf8_lossy(&next).into_owned());
    }
    Err(Ambiguous::EncodedTwice)
}

//! The text of a distinguished name, read (RFC 4514, section 3).

use super::{DN_BYTES_MAX, DN_PARTS_MAX, DnFault, Part, Value};

/// Attribute types that have a short name, by what else they are called (RFC 4514, section 3;
/// RFC 4519).
const SHORT_NAMES: [(&str, &str); 18] = [
    ("2.5.4.3", "cn"),
    ("commonname", "cn"),
    ("2.5.4.7", "l"),
    ("localityname", "l"),
    ("2.5.4.8", "st"),
    ("stateorprovincename", "st"),
    ("2.5.4.10", "o"),
    ("organizationname", "o"),
    ("2.5.4.11", "ou"),
    ("organizationalunitname", "ou"),
    ("2.5.4.6", "c"),
    ("countryname", "c"),
    ("2.5.4.9", "street"),
    ("streetaddress", "street"),
    ("0.9.2342.19200300.100.1.25", "dc"),
    ("domaincomponent", "dc"),
    ("0.9.2342.19200300.100.1.1", "uid"),
    ("userid", "uid"),
];

pub(super) fn read(text: &str) -> Result<Vec<Vec<Part>>, DnFault> {
    if text.len() > DN_BYTES_MAX {
        return Err(DnFault::TooLong(text.len()));
    }
    let mut reading = Reading { text, at: 0 };
    reading.skip_spaces();
    if reading.peek().is_none() {
        return Ok(Vec::new());
    }
    reading.rdns()
}

struct Reading<'t> {
    text: &'t str,
    at: usize,
}

impl Reading<'_> {
    fn rdns(&mut self) -> Result<Vec<Vec<Part>>, DnFault> {
        let mut rdns = Vec::new();
        let mut parts = Vec::new();
        for _ in 0..DN_PARTS_MAX {
            parts.push(self.part()?);
            match self.peek() {
                Some(b'+') => self.at += 1,
                // As RFC 2253 has it, a semicolon separates too.
                Some(b',' | b';') => {
                    self.at += 1;
                    rdns.push(std::mem::take(&mut parts));
                }
                None => {
                    rdns.push(parts);
                    return Ok(rdns);
                }
                Some(_) => return Err(self.fault("a character that must be escaped")),
            }
        }
        Err(DnFault::TooManyParts)
    }

    fn part(&mut self) -> Result<Part, DnFault> {
        self.skip_spaces();
        let attribute = self.attribute()?;
        self.skip_spaces();
        if self.peek() != Some(b'=') {
            return Err(self.fault("no `=` after an attribute's name"));
        }
        self.at += 1;
        self.skip_spaces();
        let value = match self.peek() {
            Some(b'#') => self.encoded()?,
            _ => Value::Text(self.value()?),
        };
        Ok(Part { attribute, value })
    }

    fn attribute(&mut self) -> Result<String, DnFault> {
        let from = self.at;
        while self
            .peek()
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
        {
            self.at += 1;
        }
        let name = self.text.get(from..self.at).unwrap_or_default();
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix("oid.").unwrap_or(&name);
        if !is_attribute(name) {
            self.at = from;
            return Err(self.fault("no attribute's name"));
        }
        let short = SHORT_NAMES.iter().find(|(long, _)| *long == name);
        Ok(short.map_or(name, |(_, short)| short).to_owned())
    }

    /// `#` and the hexadecimal digits of the value's BER.
    fn encoded(&mut self) -> Result<Value, DnFault> {
        self.at += 1;
        let from = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
            self.at += 1;
        }
        let hex = self.text.get(from..self.at).unwrap_or_default();
        if hex.is_empty() || hex.len() % 2 != 0 {
            return Err(self.fault("no pairs of hexadecimal digits after `#`"));
        }
        let value = Value::Encoded(hex.to_ascii_lowercase());
        self.skip_spaces();
        Ok(value)
    }

    /// A value with its escapes undone. Spaces at its end count only where they are escaped.
    fn value(&mut self) -> Result<String, DnFault> {
        let mut bytes = Vec::new();
        let mut meant = 0;
        while let Some(byte) = self.peek() {
            match byte {
                b',' | b';' | b'+' => break,
                b'\\' => {
                    bytes.push(self.escaped()?);
                    meant = bytes.len();
                    continue;
                }
                0 => return Err(self.fault("NUL, which must be escaped")),
                b'"' | b'<' | b'>' => return Err(self.fault("a character that must be escaped")),
                _ => {
                    bytes.push(byte);
                    if byte != b' ' {
                        meant = bytes.len();
                    }
                }
            }
            self.at += 1;
        }
        bytes.truncate(meant);
        String::from_utf8(bytes).map_err(|_| self.fault("a value that is not UTF-8"))
    }

    /// `\` and two hexadecimal digits, or a character that stands for itself.
    fn escaped(&mut self) -> Result<u8, DnFault> {
        self.at += 1;
        let first = self.peek();
        if let Some(b' ' | b'#' | b'=' | b'"' | b'+' | b',' | b';' | b'<' | b'>' | b'\\') = first {
            self.at += 1;
            return Ok(first.unwrap_or_default());
        }
        let digits = self.text.get(self.at..self.at + 2).unwrap_or_default();
        let is_hex = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        match u8::from_str_radix(digits, 16) {
            Ok(byte) if is_hex => {
                self.at += 2;
                Ok(byte)
            }
            _ => Err(self.fault("an escape of nothing that can be escaped")),
        }
    }

    fn skip_spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    const fn fault(&self, what: &'static str) -> DnFault {
        DnFault::Malformed { what, at: self.at }
    }
}

/// A short name (`keystring`), or an object identifier (`numericoid`; RFC 4512, 1.4).
pub(crate) fn is_attribute(name: &str) -> bool {
    let is_name = |first: u8| {
        first.is_ascii_alphabetic() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_number = |arc: &str| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit());
    match name.bytes().next() {
        Some(first) if first.is_ascii_digit() => {
            name.contains('.') && name.split('.').all(is_number)
        }
        Some(first) => is_name(first),
        None => false,
    }
}

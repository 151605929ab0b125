//! A distinguished name as text (RFC 4514, section 2).

use std::fmt;

use super::{Part, Value};

pub(super) fn show(rdns: &[Vec<Part>], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (number, rdn) in rdns.iter().enumerate() {
        if number > 0 {
            f.write_str(",")?;
        }
        for (number, part) in rdn.iter().enumerate() {
            if number > 0 {
                f.write_str("+")?;
            }
            f.write_str(&part.attribute)?;
            match &part.value {
                Value::Text(text) => write!(f, "={}", escaped(text))?,
                Value::Encoded(hex) => write!(f, "=#{hex}")?,
            }
        }
    }
    Ok(())
}

/// A value with escapes where the grammar wants them, and of control characters.
pub(super) fn escaped(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (number, c) in text.chars().enumerate() {
        match c {
            ' ' if number == 0 || number == last => kept.push_str("\\ "),
            '#' if number == 0 => kept.push_str("\\#"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                kept.push('\\');
                kept.push(c);
            }
            c if c.is_control() => hex(c, &mut kept),
            c => kept.push(c),
        }
    }
    kept
}

fn hex(c: char, kept: &mut String) {
    let mut bytes = [0; 4];
    for byte in c.encode_utf8(&mut bytes).bytes() {
        kept.push_str(&format!("\\{byte:02x}"));
    }
}

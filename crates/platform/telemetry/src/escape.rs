//! Text that cannot act on the terminal that shows it.

use std::fmt::{self, Write as _};

/// Shows text with its control and direction-changing characters spelled out.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if acts(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Controls, line and paragraph separators, and the Unicode bidirectional formatting characters.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_act_is_spelled_out_and_the_rest_is_left() {
        let text = "Zoë 雪\n\u{1b}[31m\u{202e}evil\u{85}";
        let shown = Escaped(text).to_string();
        assert_eq!(shown, "Zoë 雪\\n\\u{1b}[31m\\u{202e}evil\\u{85}");
    }
}

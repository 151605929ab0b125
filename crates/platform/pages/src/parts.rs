//! Small parts of pages that are markup themselves.

use std::{fmt, fmt::Write as _};

use askama::filters::{Escaper as _, Html, HtmlSafe};

/// An outcome as the same three chips everywhere: a sign and a word, never colour alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    class: &'static str,
    sign: char,
    label: String,
}

impl Chip {
    /// ✓ allow.
    pub fn allow(label: impl Into<String>) -> Self {
        Self {
            class: "allow",
            sign: '✓',
            label: label.into(),
        }
    }

    /// ✕ deny or ended.
    pub fn deny(label: impl Into<String>) -> Self {
        Self {
            class: "deny",
            sign: '✕',
            label: label.into(),
        }
    }

    /// ↑ step-up or asked again.
    pub fn step_up(label: impl Into<String>) -> Self {
        Self {
            class: "step",
            sign: '↑',
            label: label.into(),
        }
    }
}

impl fmt::Display for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<span class="chip {}"><span aria-hidden="true">{}</span> "#,
            self.class, self.sign
        )?;
        escape(f, &self.label)?;
        f.write_str("</span>")
    }
}

impl HtmlSafe for Chip {}

/// An app's first letter on a colour of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    letter: char,
    shade: u32,
}

impl Tile {
    /// The tile of a title; the same title has the same colour everywhere.
    pub fn of(title: &str) -> Self {
        let letter = title
            .chars()
            .find(|c| c.is_alphanumeric())
            .and_then(|c| c.to_uppercase().next())
            .unwrap_or('·');
        let shade = title.chars().fold(0_u32, |sum, c| {
            sum.wrapping_mul(31).wrapping_add(u32::from(c))
        }) % 6;
        Self { letter, shade }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<span class="tile t{}" aria-hidden="true">{}</span>"#,
            self.shade, self.letter
        )
    }
}

impl HtmlSafe for Tile {}

/// Writes text with everything escaped that markup could read.
pub(crate) fn escape(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut escaped = String::with_capacity(text.len());
    Html.write_escaped_str(&mut escaped, text)?;
    f.write_str(&escaped)
}

/// A sentence in which some parts are names that stand out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sentence(String);

impl Sentence {
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.push(format_args!("{}", Escaped(text)));
        self
    }

    pub(crate) fn strong(mut self, text: &str) -> Self {
        self.push(format_args!("<b>{}</b>", Escaped(text)));
        self
    }

    fn push(&mut self, text: fmt::Arguments<'_>) {
        // Writing into a string cannot fail.
        let _ = self.0.write_fmt(text);
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Sentence {}

struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(f, self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_has_its_sign_and_escapes_its_label() {
        let chip = Chip::step_up("<b>again</b>").to_string();
        assert!(
            chip.contains('↑') && chip.contains("&#60;b&#62;again"),
            "{chip}"
        );
    }

    #[test]
    fn a_tile_is_stable_and_shows_no_markup() {
        assert_eq!(Tile::of("Wiki"), Tile::of("Wiki"));
        assert_eq!(Tile::of("<<payroll").letter, 'P');
        assert_eq!(Tile::of("").letter, '·');
    }
}

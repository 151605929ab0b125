//! Limits that keep reading a policy within any thread's stack.
//!
//! Cedar's parser and validator recurse as deep as a policy is nested, and along each chain of
//! operators; a text made for it would end the process. So depth and length are bounded
//! on the text itself, before anything is parsed.

/// Deepest nesting of brackets.
const DEPTH_MAX: usize = 32;

/// Most operators in one policy.
const OPERATORS_MAX: usize = 256;

/// Where a policy is too deep or too long, and which of the two.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excess {
    pub(super) offset: usize,
    pub(super) what: String,
    pub(super) help: &'static str,
}

/// The policies of a text that exceed the limits, each told once.
pub(super) fn excesses(text: &str) -> Vec<Excess> {
    let mut found: Vec<Excess> = Vec::new();
    let (mut depth, mut operators, mut told) = (0_usize, 0_usize, false);
    for (offset, token) in tokens(text) {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            Token::Operator => operators += 1,
            Token::End => (depth, operators, told) = (0, 0, false),
        }
        if !told && (depth > DEPTH_MAX || operators > OPERATORS_MAX) {
            told = true;
            found.push(excess(offset, depth));
        }
    }
    found
}

fn excess(offset: usize, depth: usize) -> Excess {
    if depth > DEPTH_MAX {
        Excess {
            offset,
            what: format!("a policy is nested more than {DEPTH_MAX} deep"),
            help: "write it as several policies",
        }
    } else {
        Excess {
            offset,
            what: format!("a policy has more than {OPERATORS_MAX} operators"),
            help: "write it as several policies, or compare with a set: `[…].contains(…)`",
        }
    }
}

enum Token {
    Open,
    Close,
    Operator,
    End,
}

/// What counts, with its place; strings and comments do not.
fn tokens(text: &str) -> impl Iterator<Item = (usize, Token)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let offset = text.len() - rest.len();
            let first = rest.chars().next()?;
            let length = match first {
                '"' => string_length(rest),
                '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                _ if is_operator(first) => rest.find(|c| !is_operator(c)).unwrap_or(rest.len()),
                _ => first.len_utf8(),
            };
            let (taken, after) = rest.split_at_checked(length)?;
            rest = after;
            let token = match first {
                '(' | '[' | '{' => Token::Open,
                ')' | ']' | '}' => Token::Close,
                ';' => Token::End,
                _ if is_operator(first) => Token::Operator,
                _ if matches!(taken, "if" | "in" | "is" | "has" | "like") => Token::Operator,
                _ => continue,
            };
            return Some((offset, token));
        }
    })
}

/// The length of the string that a text begins with, its quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (offset, character) in text.char_indices().skip(1) {
        match character {
            '"' if !escaped => return offset + 1,
            '\\' if !escaped => escaped = true,
            _ => escaped = false,
        }
    }
    text.len()
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

const fn is_operator(character: char) -> bool {
    matches!(
        character,
        '.' | '&' | '|' | '=' | '!' | '<' | '>' | '+' | '-' | '*'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{load, testing::files};

    fn policy(condition: &str) -> String {
        format!("@id(\"x\") forbid (principal, action, resource) when {{ {condition} }};")
    }

    #[test]
    fn what_is_at_the_limits_is_read_on_a_small_stack_and_what_is_beyond_is_refused() {
        // A condition is within one bracket already.
        let deep = |n: usize| policy(&format!("{}true{}", "(true && ".repeat(n), ")".repeat(n)));
        let long = |n: usize| policy(&format!("true{}", " && true".repeat(n)));
        let both = policy(&format!(
            "{}true{}{}",
            "(".repeat(DEPTH_MAX - 1),
            ")".repeat(DEPTH_MAX - 1),
            " && true".repeat(OPERATORS_MAX)
        ));
        for text in [deep(DEPTH_MAX - 1), long(OPERATORS_MAX), both] {
            assert!(load(&files(&text)).is_ok());
        }
        for text in [deep(DEPTH_MAX), long(OPERATORS_MAX + 1)] {
            assert_eq!(load(&files(&text)).unwrap_err().len(), 1);
        }
    }

    #[test]
    fn no_shape_of_text_exhausts_the_stack() {
        let shapes = [
            "(",
            "[",
            "{",
            "{a:",
            "!(",
            "-(",
            "(true && ",
            "(if true then ",
            "if ",
            "true && ",
            "1 + ",
            "context.",
            ".a",
            "a::",
            "@",
            "\"",
            "x has ",
            "x in ",
            "permit (",
        ];
        for shape in shapes {
            let text = policy(&shape.repeat(20_000));
            assert!(load(&files(&text)).is_err(), "{shape}");
        }
    }

    #[test]
    fn strings_comments_and_other_policies_do_not_count() {
        let text = format!("// {}\n", "(".repeat(99))
            + &policy(&format!(
                "context.authn.methods.contains(\"{}\\\"(\")",
                "(".repeat(99)
            ))
            + &policy("true").repeat(99);
        assert_eq!(excesses(&text), []);
    }
}

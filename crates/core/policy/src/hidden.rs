//! Characters that show a policy otherwise than it is read.
//!
//! Whoever looks at policies before they are applied must see what is applied: a carriage return
//! by itself ends a comment and looks like none, and a mark of direction shows text in another
//! order than it is read in.

use gw_model::PolicyFile;

use crate::PolicyFault;

/// The faults of a file, the first of each line.
pub(crate) fn faults(file: &PolicyFile) -> Vec<PolicyFault> {
    let lines = file.text.split('\n').enumerate();
    lines
        .filter_map(|(before, line)| {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let (column, character) = line.chars().enumerate().find(|(_, c)| hides(*c))?;
            Some(PolicyFault {
                file: file.name.clone(),
                line: counted(before),
                column: counted(column),
                policy: None,
                what: format!(
                    "the character U+{:04X} shows what follows otherwise than it is read",
                    u32::from(character)
                ),
                help: "take it out; a text in quotes may have it as \\u{…}".to_owned(),
            })
        })
        .collect()
}

fn counted(before: usize) -> u32 {
    u32::try_from(before.saturating_add(1)).unwrap_or(u32::MAX)
}

/// Controls but tabs, ends of lines that are none of ours, and marks of direction.
fn hides(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(character, '\u{2028}' | '\u{2029}')
        || matches!(character, '\u{200E}' | '\u{200F}' | '\u{061C}')
        || matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<(u32, u32)> {
        let file = PolicyFile {
            name: "a.cedar".into(),
            text: text.into(),
        };
        let told = faults(&file);
        told.iter()
            .map(|fault| (fault.line, fault.column))
            .collect()
    }

    #[test]
    fn what_ends_a_comment_unseen_or_turns_text_around_is_a_fault_with_its_place() {
        assert_eq!(places("// fine\r\n// ünd\tauch\n"), []);
        assert_eq!(places("// fine\n// no time for two.\rtrue ||\n"), [(2, 20)]);
        for hidden in [
            '\u{0B}', '\u{0C}', '\u{85}', '\u{2028}', '\u{202E}', '\u{2067}', '\0',
        ] {
            assert_eq!(places(&format!("// a{hidden}b")), [(1, 5)], "{hidden:?}");
        }
        assert_eq!(places("// a\r\r\n"), [(1, 5)]);
    }
}

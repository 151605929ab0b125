//! What one person did lately: of the window, as much as a page can use.

use gw_model::{Timestamp, UserId};

use crate::types::{OutcomeWord, RecordLine};

/// Accesses that are looked back at: of those that were let in, and of all others.
const EACH_MAX: usize = 300;

/// A person's accesses at apps but these, of lines that come the newest first; and since when that
/// is everything, where the lines are all since `since`.
///
/// What was let in is counted apart, so that it crowds no refusal out.
pub(crate) fn of_person<'l>(
    newest_first: impl Iterator<Item = &'l RecordLine>,
    mut since: Timestamp,
    user: UserId,
    but: &[&str],
) -> (Timestamp, Vec<RecordLine>) {
    let (mut lines, mut allowed, mut others) = (Vec::new(), 0, 0);
    let theirs = newest_first.filter(|line| {
        let app = line.app.as_deref();
        line.user_id == Some(user) && app.is_some_and(|app| !but.contains(&app))
    });
    for line in theirs {
        let of_its_kind = match line.outcome {
            OutcomeWord::Allow => &mut allowed,
            _ => &mut others,
        };
        if *of_its_kind == EACH_MAX {
            since = since.max(line.time);
            continue;
        }
        *of_its_kind += 1;
        lines.push(line.clone());
    }
    (since, lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: UserId = UserId::from_bits(1);
    const BO: UserId = UserId::from_bits(2);

    fn line(secs: u64, user: UserId, app: Option<&str>, outcome: OutcomeWord) -> RecordLine {
        RecordLine {
            seq: secs,
            time: Timestamp::from_secs(secs),
            kind: "exchange".into(),
            outcome,
            decision: None,
            who: "somebody".into(),
            user_id: Some(user),
            app: app.map(Into::into),
            route: None,
            action: None,
            what: "GET /".into(),
            host: None,
            because: Vec::new(),
            why: String::new(),
            latency_us: None,
            count: None,
        }
    }

    fn times(lines: &[RecordLine]) -> Vec<u64> {
        lines.iter().map(|line| line.time.as_secs()).collect()
    }

    const START: Timestamp = Timestamp::from_secs(1);

    #[test]
    fn only_what_they_did_themselves_at_apps_that_count() {
        use OutcomeWord::{Allow, Deny};
        let all = [
            line(9, ANA, Some("wiki"), Allow),
            line(8, BO, Some("wiki"), Deny),
            line(7, ANA, Some("portal"), Allow),
            line(6, ANA, None, OutcomeWord::Change),
            line(5, ANA, Some("payroll"), Deny),
        ];
        let (since, lines) = of_person(all.iter(), START, ANA, &["portal", "sign-in"]);
        assert_eq!((since, times(&lines)), (START, vec![9, 5]));
        let mut nobody = line(4, ANA, Some("wiki"), Allow);
        nobody.user_id = None;
        let (_, lines) = of_person([nobody].iter(), START, ANA, &[]);
        assert!(lines.is_empty(), "a stranger's are nobody's");
    }

    #[test]
    fn what_was_let_in_crowds_no_refusal_out_and_its_reach_is_told() {
        use OutcomeWord::{Allow, Cut, Deny};
        let most = u64::try_from(EACH_MAX).unwrap();
        let mut all: Vec<_> = (100..100 + 2 * most)
            .map(|secs| line(secs, ANA, Some("wiki"), Allow))
            .collect();
        all.insert(0, line(50, ANA, Some("wiki"), Deny));
        all.insert(0, line(40, ANA, Some("wiki"), Cut));
        let (since, lines) = of_person(all.iter().rev(), START, ANA, &[]);
        assert_eq!(lines.len(), EACH_MAX + 2);
        assert_eq!(times(&lines[EACH_MAX..]), [50, 40]);
        // Of what was let in, the last that was left out is from the second before the oldest.
        assert_eq!(since, Timestamp::from_secs(100 + most - 1));
    }

    #[test]
    fn of_refusals_there_are_no_more_either() {
        let many: Vec<_> = (0..400)
            .map(|secs| line(secs, ANA, Some("wiki"), OutcomeWord::Deny))
            .collect();
        let (since, lines) = of_person(many.iter().rev(), Timestamp::from_secs(0), ANA, &[]);
        assert_eq!(lines.len(), EACH_MAX);
        assert_eq!(since, Timestamp::from_secs(99));
    }
}

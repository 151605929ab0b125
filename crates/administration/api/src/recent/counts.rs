//! Decisions counted by second, and over an hour.

use std::collections::VecDeque;

use gw_model::Timestamp;

use crate::types::{HourView, OutcomeWord, RecordLine, SecondView};

/// Seconds that are told one by one.
const SECONDS: usize = 120;
/// Minutes that make an hour.
const MINUTES: usize = 60;

/// What was decided lately.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    seconds: VecDeque<(u64, HourView)>,
    minutes: VecDeque<(u64, HourView)>,
}

impl Counted {
    pub(super) fn add(&mut self, line: &RecordLine) {
        let second = line.time.as_secs();
        let count = line.count.unwrap_or(1);
        add_to(&mut self.seconds, second, SECONDS, line.outcome, count);
        add_to(&mut self.minutes, second / 60, MINUTES, line.outcome, count);
    }

    /// The last two minutes, second by second.
    pub(crate) fn per_second(&self, now: Timestamp) -> Vec<SecondView> {
        let last = now.as_secs();
        let first = last.saturating_sub(SECONDS as u64 - 1);
        let at = |second: u64| {
            let found = self.seconds.iter().find(|(known, _)| *known == second);
            let counted = found.map(|(_, counted)| *counted).unwrap_or_default();
            SecondView {
                at: Timestamp::from_secs(second),
                allow: counted.allow,
                deny: counted.deny,
            }
        };
        (first..=last).map(at).collect()
    }

    /// The last hour.
    pub(crate) fn hour(&self, now: Timestamp) -> HourView {
        let first = (now.as_secs() / 60).saturating_sub(MINUTES as u64 - 1);
        let lately = self.minutes.iter().filter(|(minute, _)| *minute >= first);
        lately.fold(HourView::default(), |sum, (_, one)| HourView {
            allow: sum.allow + one.allow,
            deny: sum.deny + one.deny,
            cut: sum.cut + one.cut,
        })
    }
}

/// Records come nearly in order: logs of several threads are read one after the other.
fn add_to(
    spans: &mut VecDeque<(u64, HourView)>,
    span: u64,
    most: usize,
    outcome: OutcomeWord,
    count: u64,
) {
    let at = spans.partition_point(|(known, _)| *known < span);
    if spans.get(at).is_none_or(|(known, _)| *known != span) {
        spans.insert(at, (span, HourView::default()));
        if spans.len() > most {
            spans.pop_front();
        }
    }
    if let Some((_, counted)) = spans.iter_mut().rev().find(|(known, _)| *known == span) {
        match outcome {
            OutcomeWord::Allow => counted.allow += count,
            OutcomeWord::Deny => counted.deny += count,
            OutcomeWord::Cut => counted.cut += count,
            OutcomeWord::Change | OutcomeWord::Note => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(secs: u64, outcome: OutcomeWord) -> RecordLine {
        RecordLine {
            seq: 1,
            time: Timestamp::from_secs(secs),
            kind: "exchange".into(),
            outcome,
            decision: None,
            who: "ana".into(),
            user_id: None,
            app: None,
            route: None,
            action: None,
            what: String::new(),
            host: None,
            because: Vec::new(),
            why: String::new(),
            latency_us: None,
            count: None,
        }
    }

    #[test]
    fn decisions_are_counted_in_their_second_and_hour_however_they_come() {
        let mut counted = Counted::default();
        for secs in [1000, 1002, 1001, 1002] {
            counted.add(&line(secs, OutcomeWord::Allow));
        }
        counted.add(&line(1001, OutcomeWord::Deny));
        counted.add(&line(1001, OutcomeWord::Cut));
        let now = Timestamp::from_secs(1002);
        let seconds = counted.per_second(now);
        assert_eq!(seconds.len(), SECONDS);
        let last: Vec<_> = seconds
            .iter()
            .rev()
            .take(3)
            .map(|s| (s.allow, s.deny))
            .collect();
        assert_eq!(last, [(2, 0), (1, 1), (1, 0)]);
        let hour = counted.hour(now);
        assert_eq!((hour.allow, hour.deny, hour.cut), (4, 1, 1));
        assert_eq!(counted.hour(Timestamp::from_secs(1002 + 3600)).allow, 0);
    }

    #[test]
    fn no_more_spans_are_kept_than_are_told() {
        let mut counted = Counted::default();
        for secs in 0..10_000 {
            counted.add(&line(secs, OutcomeWord::Allow));
        }
        assert_eq!(counted.seconds.len(), SECONDS);
        assert_eq!(counted.minutes.len(), MINUTES);
    }
}

//! Answers that strangers over HTTP/2 have not taken: so many at once.
//!
//! A stream without a window holds its answer, however small it is. Whoever takes what they
//! asked for hardly ever has one that lies there; so when all places are taken, a connection
//! that has one already gets no other.

use std::{cell::Cell, rc::Rc};

/// One traffic thread's.
pub(crate) struct Answers {
    untaken: Rc<Cell<usize>>,
    most: usize,
}

/// An answer that lies untaken; no longer once dropped.
pub(crate) struct Untaken {
    counters: [Rc<Cell<usize>>; 2],
}

impl Answers {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            untaken: Rc::default(),
            most,
        }
    }

    /// Hands over one more to a connection that has so many untaken, unless that is too much.
    pub(crate) fn hand(&self, of_connection: &Rc<Cell<usize>>) -> Option<Untaken> {
        if of_connection.get() > 0 && self.untaken.get() >= self.most {
            return None;
        }
        let counters = [self.untaken.clone(), of_connection.clone()];
        for counter in &counters {
            counter.set(counter.get() + 1);
        }
        Some(Untaken { counters })
    }
}

impl Drop for Untaken {
    fn drop(&mut self) {
        for counter in &self.counters {
            counter.set(counter.get().saturating_sub(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_nothing_gets_no_more_and_everybody_else_does() {
        let answers = Answers::new(3);
        let [greedy, other] = [(); 2].map(|()| Rc::new(Cell::new(0)));
        let held: Vec<_> = (0..5).map(|_| answers.hand(&greedy)).collect();
        assert_eq!(held.iter().flatten().count(), 3);
        let first = answers.hand(&other);
        assert!(first.is_some());
        assert!(answers.hand(&other).is_none());
        drop(first);
        assert!(answers.hand(&other).is_some());
        drop(held);
        assert!(answers.hand(&greedy).is_some());
        assert_eq!((greedy.get(), answers.untaken.get()), (0, 0));
    }
}

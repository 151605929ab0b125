//! Rounds that take turns, and what one cost the program under measurement.

use crate::{
    Fault,
    process::{Cores, Program},
};

/// What each contender got in its rounds; where a round is left out, there is one less.
pub(crate) fn interleaved<C, R>(
    what: &str,
    rounds: usize,
    contenders: &[C],
    mut run: impl FnMut(&C) -> Result<Option<R>, Fault>,
) -> Result<Vec<Vec<R>>, Fault> {
    let mut all: Vec<Vec<R>> = contenders.iter().map(|_| Vec::new()).collect();
    for number in 1..=rounds {
        eprintln!("{what}: round {number} of {rounds}");
        for (contender, of_it) in contenders.iter().zip(&mut all) {
            of_it.extend(run(contender)?);
        }
    }
    Ok(all)
}

/// What a load cost, in all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    /// Processor seconds of the program.
    pub(crate) program_secs: f64,
    /// Processor seconds of both cores.
    pub(crate) machine_secs: f64,
    /// How idle the program's core was and the load's, in percent.
    pub(crate) idle: [f64; 2],
}

/// Puts a program under load.
pub(crate) fn under<T>(
    program: &Program,
    load: impl FnOnce() -> Result<T, Fault>,
) -> Result<(T, Spent), Fault> {
    let (cpu, cores) = (program.cpu(), Cores::now()?);
    let got = load()?;
    let used = program.cpu().saturating_sub(cpu);
    let now = Cores::now()?;
    let spent = Spent {
        program_secs: used.as_secs_f64(),
        machine_secs: now.busy_secs_since(cores),
        idle: now.idle_since(cores),
    };
    Ok((got, spent))
}

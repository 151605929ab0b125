//! What needs nothing but a folder: check and test.

use std::{path::Path, process::ExitCode};

use gw_policy::{CaseResult, Policies, PolicyFault};
use serde_json::json;

use crate::{
    command::{Done, FOUND, Failure, Shell, policy_files},
    output::{Chip, Output},
    policy_folder,
};

/// Reads and checks a folder's policies.
pub(super) fn load(folder: &Path) -> Result<Result<Policies, Vec<PolicyFault>>, Failure> {
    let files = policy_files(folder)?;
    Ok(gw_policy::load(&files))
}

pub(super) fn check(shell: &Shell, folder: &Path) -> Done {
    let checked = load(folder)?;
    let (faults, warnings, count) = match &checked {
        Ok(policies) => (&[][..], policies.warnings(), policies.ids().count()),
        Err(faults) => (&faults[..], &[][..], 0),
    };
    if shell.output.json {
        shell
            .output
            .json(&json!({ "faults": faults, "warnings": warnings }))?;
        return Ok(code(faults.is_empty()));
    }
    for fault in faults.iter().chain(warnings) {
        shell.output.line(placed(folder, fault))?;
    }
    match (faults.len(), warnings.len()) {
        (0, 0) => shell.output.line(Chip::Allow.words(&format!(
            "{count} policies without faults, the base policies among them"
        )))?,
        (0, worth) => shell.output.line(Chip::Step.words(&format!(
            "{count} policies without faults, {worth} worth a look"
        )))?,
        (1, _) => shell.output.line(Chip::Deny.words("1 fault"))?,
        (many, _) => shell
            .output
            .line(Chip::Deny.words(&format!("{many} faults")))?,
    }
    Ok(code(faults.is_empty()))
}

const fn code(fine: bool) -> ExitCode {
    if fine { ExitCode::SUCCESS } else { FOUND }
}

/// A fault with the path that an editor opens.
pub(super) fn placed(folder: &Path, fault: &PolicyFault) -> String {
    let path = folder.join(&*fault.file);
    let mut fault = fault.clone();
    fault.file = path.to_string_lossy().into();
    gw_ledger::escape(&fault.to_string())
}

/// Tells the faults of policies that something else needs.
pub(super) fn told(output: Output, folder: &Path, faults: &[PolicyFault]) -> Done {
    if output.json {
        output.json(&json!({ "faults": faults }))?;
    } else {
        for fault in faults {
            output.line(placed(folder, fault))?;
        }
    }
    Ok(FOUND)
}

pub(super) fn test(shell: &Shell, folder: &Path) -> Done {
    let policies = match load(folder)? {
        Ok(policies) => policies,
        Err(faults) => return told(shell.output, folder, &faults),
    };
    let files = policy_folder::cases(folder)?;
    if files.is_empty() {
        let what = format!("there are no cases in `{}`", folder.join("cases").display());
        return Err(Failure::help_with(
            what,
            "write cases/NAME.toml; docs/policies.md shows the form",
        ));
    }
    let mut results = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path)?;
        let name = format!("cases/{}", policy_folder::name_of(&path));
        match gw_policy::read_cases(&name, &text) {
            Ok(cases) => results.extend(gw_policy::run_cases(&policies, &cases)),
            Err(faults) => return told(shell.output, folder, &faults),
        }
    }
    let passed = results.iter().filter(|result| result.passed()).count();
    shell
        .output
        .either(&results, || told_results(shell.output, &results, passed))?;
    Ok(code(passed == results.len()))
}

fn told_results(output: Output, results: &[CaseResult], passed: usize) -> std::io::Result<()> {
    for result in results.iter().filter(|result| !result.passed()) {
        output.line(Chip::Deny.words(&result.to_string()))?;
    }
    let failed = results.len() - passed;
    let chip = if failed == 0 { Chip::Allow } else { Chip::Deny };
    output.line(chip.words(&format!("{passed} passed, {failed} failed")))
}

//! `gatewright policy explain`: one question, answered from a folder.

use std::{net::IpAddr, path::PathBuf, process::ExitCode, sync::Arc};

use gw_model::{Action, AuthnMethod, Lever, Remedies};
use gw_policy::{CasesFile, Explanation, HttpSpec, ProofSpec, QuestionSpec, SaidSpec, SessionSpec};

use super::offline;
use crate::{
    clock::now,
    command::{Done, FOUND, Failure, Shell},
    output::{Chip, Output, when},
    policy_folder,
};

#[derive(Debug, clap::Args)]
pub(in crate::command) struct Arguments {
    /// The folder with the *.cedar files.
    folder: PathBuf,
    /// Who: a user of the facts, `anonymous`, or `local:UID`.
    #[arg(long)]
    who: String,
    /// What is done, as policies name it.
    #[arg(long, default_value = "http.request")]
    action: Action,
    /// On what: an app or `APP/ROUTE`, a user, or nothing for Gatewright itself.
    #[arg(long, default_value = "")]
    on: String,
    /// A proof of identity with its age in seconds; may be repeated. A provider's word is
    /// `provider:corp`, and what it says after commas:
    /// `provider:corp:60,acr=gold,amr=pwd+otp,multi-factor`.
    #[arg(long = "proof", value_name = "METHOD[:SECS]", value_parser = proof)]
    proofs: Vec<ProofSpec>,
    /// The client's address.
    #[arg(long)]
    address: Option<IpAddr>,
    /// The address's country.
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// The HTTP method.
    #[arg(long, default_value = "GET")]
    method: String,
    /// The path.
    #[arg(long, default_value = "/")]
    path: String,
    /// When, as an instant such as 2026-03-02T09:00:00Z; now where absent.
    #[arg(long, value_name = "INSTANT")]
    at: Option<jiff::Timestamp>,
    /// The file whose facts to ask over; the first in the folder's cases where absent.
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
}

fn proof(text: &str) -> Result<ProofSpec, String> {
    const METHODS: [AuthnMethod; 6] = [
        AuthnMethod::Passkey,
        AuthnMethod::SignInLink,
        AuthnMethod::EnrolmentLink,
        AuthnMethod::RecoveryCode,
        AuthnMethod::Password,
        AuthnMethod::Totp,
    ];
    if let Some(said) = text.strip_prefix("provider:") {
        return by_provider(said);
    }
    let (name, secs) = split_age(text);
    let method = METHODS.into_iter().find(|method| method.as_str() == name);
    let known: Vec<_> = METHODS.iter().map(|method| method.as_str()).collect();
    let method = method.ok_or_else(|| {
        format!(
            "`{name}` is no proof; known are {}, and provider:NAME",
            known.join(", ")
        )
    })?;
    Ok(ProofSpec {
        method,
        age_secs: age(secs)?,
        said: None,
    })
}

/// `NAME[:SECS][,acr=CLASS][,amr=METHOD+METHOD][,multi-factor][,phishing-resistant][,undated]`.
fn by_provider(text: &str) -> Result<ProofSpec, String> {
    let mut parts = text.split(',');
    let (name, secs) = split_age(parts.next().unwrap_or_default());
    let provider = name.parse();
    let mut said = SaidSpec {
        provider: provider.map_err(|_| format!("`{name}` is no name of a provider"))?,
        acr: None,
        amr: Vec::new(),
        multi_factor: false,
        phishing_resistant: false,
        undated: false,
    };
    for part in parts {
        match (part, part.split_once('=')) {
            ("multi-factor", _) => said.multi_factor = true,
            ("phishing-resistant", _) => {
                // As where it is declared: something that one has, and unlocks.
                said.multi_factor = true;
                said.phishing_resistant = true;
            }
            ("undated", _) => said.undated = true,
            (_, Some(("acr", class))) if !class.is_empty() => said.acr = Some(class.into()),
            (_, Some(("amr", methods))) if !methods.is_empty() => {
                said.amr.extend(methods.split('+').map(Arc::from));
            }
            _ => {
                return Err(format!(
                    "`{part}` is nothing that a provider says; known are acr=CLASS, amr=METHOD+METHOD, multi-factor, phishing-resistant and undated"
                ));
            }
        }
    }
    Ok(ProofSpec {
        method: AuthnMethod::Provider,
        age_secs: age(secs)?,
        said: Some(said),
    })
}

fn split_age(text: &str) -> (&str, &str) {
    text.split_once(':').unwrap_or((text, "0"))
}

fn age(secs: &str) -> Result<u64, String> {
    let age = secs.parse();
    age.map_err(|_| format!("`{secs}` is no number of seconds"))
}

pub(super) fn run(shell: &Shell, arguments: &Arguments) -> Done {
    let policies = match offline::load(&arguments.folder)? {
        Ok(policies) => policies,
        Err(faults) => return offline::told(shell.output, &arguments.folder, &faults),
    };
    let cases = facts(arguments)?;
    let spec = QuestionSpec {
        who: arguments.who.clone(),
        action: arguments.action,
        resource: arguments.on.clone(),
        now: arguments.at,
        authn: arguments.proofs.clone(),
        session: session(&arguments.proofs),
        address: arguments.address,
        country: arguments.country.clone(),
        http: Some(HttpSpec {
            method: arguments.method.clone(),
            path: arguments.path.clone(),
            ..HttpSpec::default()
        }),
        device: None,
        risk: None,
        proposal: None,
        token: None,
        factor: None,
    };
    let question = spec
        .question(&cases.facts, now())
        .map_err(|fault| Failure::refused(fault.to_string()))?;
    let at = question.now;
    let explanation =
        question.put(|request| gw_policy::explain(&policies, &cases.facts, request, at));
    shell.output.either(&explanation, || {
        told(shell.output, arguments, &explanation, at)
    })?;
    let allowed = explanation.decision.outcome.is_allow();
    Ok(if allowed { ExitCode::SUCCESS } else { FOUND })
}

/// A session as old as the oldest proof; one for enrolment where it began with such a proof.
fn session(proofs: &[ProofSpec]) -> Option<SessionSpec> {
    let oldest = proofs.iter().max_by_key(|proof| proof.age_secs)?;
    let enrolling = [AuthnMethod::EnrolmentLink, AuthnMethod::RecoveryCode];
    Some(SessionSpec {
        age_secs: oldest.age_secs,
        enrolment: enrolling.contains(&oldest.method),
    })
}

fn facts(arguments: &Arguments) -> Result<CasesFile, Failure> {
    let path = match &arguments.facts {
        Some(path) => path.clone(),
        None => policy_folder::cases(&arguments.folder)?
            .into_iter()
            .next()
            .ok_or_else(|| {
                Failure::help_with(
                    "there are no facts to ask over",
                    "name a file of facts with `--facts FILE`",
                )
            })?,
    };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(&path)
        .map_err(|fault| Failure::refused(format!("cannot read `{name}`: {fault}")))?;
    gw_policy::read_cases(&name, &text).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        Failure::refused(faults.join("\n"))
    })
}

fn told(
    output: Output,
    arguments: &Arguments,
    explanation: &Explanation,
    at: gw_model::Timestamp,
) -> std::io::Result<()> {
    let decision = &explanation.decision;
    let may = if decision.outcome.is_allow() {
        "may"
    } else {
        "may not"
    };
    let target = match arguments.on.as_str() {
        "" => "gatewright",
        on => on,
    };
    let sentence = format!("{} {may} {} on {target}", arguments.who, arguments.action);
    output.line(Chip::from(decision.outcome).words(&sentence))?;
    match decision.because.as_slice() {
        [] => output.line("  because    nothing permits it")?,
        because => {
            for policy in because {
                output.line(format!(
                    "  because    {}",
                    gw_ledger::escape(&policy.to_string())
                ))?;
            }
        }
    }
    for fault in &decision.faults {
        output.line(format!("  fault      {}", gw_ledger::escape(&fault.what)))?;
    }
    if let Some(report) = &decision.report {
        let would = if report.outcome.is_allow() {
            "allow"
        } else {
            "deny"
        };
        let because: Vec<_> = report.because.iter().map(ToString::to_string).collect();
        output.line(format!(
            "  report     with report-only policies: {would} ({})",
            gw_ledger::escape(&because.join(", "))
        ))?;
    }
    if !explanation.mentions.is_empty() {
        output.line(format!("  looks at   {}", explanation.mentions.join(", ")))?;
    }
    if !decision.outcome.is_allow() {
        remedies(output, &explanation.remedies, at)?;
    }
    Ok(())
}

fn remedies(output: Output, remedies: &Remedies, at: gw_model::Timestamp) -> std::io::Result<()> {
    if remedies.ways.is_empty() {
        let found = if remedies.exhausted {
            "none found before the search ended"
        } else {
            "none found"
        };
        return output.line(format!("  opens it   {found}"));
    }
    for way in &remedies.ways {
        let steps: Vec<_> = way
            .steps
            .iter()
            .map(|lever| lever_words(lever, at))
            .collect();
        output.line(format!(
            "  opens it   {}",
            gw_ledger::escape(&steps.join(", and "))
        ))?;
    }
    Ok(())
}

fn lever_words(lever: &Lever, at: gw_model::Timestamp) -> String {
    match lever {
        Lever::SignIn => "signing in".to_owned(),
        Lever::ConfirmWithPasskey => "confirming with a passkey".to_owned(),
        Lever::ConfirmWithProvider(name) => format!("confirming with the account at {name}"),
        Lever::ConfirmWithPassword => "confirming with a password and a code".to_owned(),
        Lever::EnrolPasskey => "adding a first passkey and confirming with it".to_owned(),
        Lever::FreshLink => "a fresh sign-in link".to_owned(),
        Lever::Network(name) => format!("asking from the network {name}"),
        Lever::Time(time) => format!("asking {}", when(*time, at)),
        Lever::Group(group) => format!("being in the group {group}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_word_is_a_proof_with_what_it_says() {
        let spec = proof("provider:corp:60,acr=gold,amr=pwd+otp,multi-factor").unwrap();
        let said = spec.said.unwrap();
        assert_eq!((spec.method, spec.age_secs), (AuthnMethod::Provider, 60));
        assert_eq!(said.provider.as_str(), "corp");
        assert_eq!(said.acr.as_deref(), Some("gold"));
        assert_eq!(said.amr, [Arc::from("pwd"), Arc::from("otp")]);
        assert!(said.multi_factor && !said.phishing_resistant);
        let said = proof("provider:corp,phishing-resistant")
            .unwrap()
            .said
            .unwrap();
        assert!(said.multi_factor && said.phishing_resistant);
        assert_eq!(proof("passkey:5").unwrap().age_secs, 5);
        for wrong in [
            "provider",
            "provider:",
            "provider:corp:x",
            "provider:corp,acr=",
            "provider:corp,x",
            "sesame",
        ] {
            assert!(proof(wrong).is_err(), "{wrong}");
        }
    }
}

//! What is to happen next with a request, by who is signed in and what they have done since it
//! came (OpenID Connect Core 1.0, 3.1.2.3 and 3.1.2.4).

use gw_model::Timestamp;

use super::{AuthorizationFault, AuthorizationRequest};

/// Who is signed in.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Their name as this client is told it.
    pub subject: &'a str,
    /// When they last showed who they are, as far as that is known: where somebody else vouches for
    /// them without saying since when, it is not.
    pub proven_at: Option<Timestamp>,
    /// When they last came to do so, whatever it was worth: what was asked for is not asked twice.
    pub came_at: Timestamp,
    /// The authentication contexts that they reached, all of them, by what is fresh enough for the
    /// request alone ([`AuthorizationRequest::fresh_since`]).
    pub acrs: &'a [&'a str],
}

/// Whether the person has agreed to what the client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// No.
    Missing,
    /// Once before; or the operator has for them.
    Before,
    /// Now, to this very request.
    Now,
}

/// How things stand with a request.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Who is signed in.
    pub person: Option<Person<'a>>,
    /// Whether an account was chosen for this very request.
    pub account_chosen: bool,
    /// Whether the person has agreed.
    pub consent: Consent,
    /// Whom the ID token hint names, where it was verified.
    pub hinted_subject: Option<&'a str>,
    /// The authentication contexts that this server knows of.
    pub known_acrs: &'a [&'a str],
    /// Whether the person has anything to prove more with.
    pub can_prove: bool,
}

/// What is to happen next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The person signs in, where possible in one of these contexts.
    SignIn {
        /// The contexts that are wanted.
        acr_values: Vec<String>,
    },
    /// The person chooses an account.
    ChooseAccount,
    /// The person is asked whether they agree.
    AskConsent,
    /// Nothing but that policy is asked, and a code issued.
    Proceed,
}

impl AuthorizationRequest {
    /// What is to happen next. Who does each step and asks again comes to an end: a sign-in after
    /// the request came is not asked for twice.
    ///
    /// # Errors
    /// Where nobody may be asked (`prompt=none`), or what is needed was not reached.
    pub fn next_step(
        &self,
        standing: &Standing<'_>,
        now: Timestamp,
    ) -> Result<Step, AuthorizationFault> {
        if self.prompts.select_account && !standing.account_chosen {
            return self.ask(
                Step::ChooseAccount,
                AuthorizationFault::AccountSelectionRequired,
            );
        }
        let Some(person) = standing.person else {
            return self.ask_to_sign_in();
        };
        if !self.is_meant(&person, standing.hinted_subject) {
            return match person.came_at >= self.received_at {
                // They were asked, and somebody else came.
                true => Err(AuthorizationFault::LoginRequired),
                false => self.ask_to_sign_in(),
            };
        }
        if !self.is_recent(&person, now) {
            return self.ask_to_sign_in();
        }
        if let Some(step) = self.context(&person, standing)? {
            return Ok(step);
        }
        if self.needs_consent(standing.consent) {
            return self.ask(Step::AskConsent, AuthorizationFault::ConsentRequired);
        }
        Ok(Step::Proceed)
    }

    fn ask(&self, step: Step, fault: AuthorizationFault) -> Result<Step, AuthorizationFault> {
        match self.prompts.none {
            true => Err(fault),
            false => Ok(step),
        }
    }

    fn ask_to_sign_in(&self) -> Result<Step, AuthorizationFault> {
        let step = Step::SignIn {
            acr_values: self.wanted_acrs(),
        };
        self.ask(step, AuthorizationFault::LoginRequired)
    }

    /// Whether it is who the hint and `claims` name, where they do.
    fn is_meant(&self, person: &Person<'_>, hinted: Option<&str>) -> bool {
        let is_claimed = |how: &super::ClaimRequest| how.wants(&person.subject.into());
        hinted.is_none_or(|hinted| hinted == person.subject)
            && self.claims.subject().is_none_or(is_claimed)
    }

    /// Since when somebody has to have shown who they are, where that is asked for. Since the
    /// request came always is lately enough.
    pub fn fresh_since(&self, now: Timestamp) -> Option<Timestamp> {
        match (self.prompts.login, self.max_age) {
            (true, _) => Some(self.received_at),
            (false, Some(max_age)) => Some(self.received_at.min(now.before(max_age))),
            (false, None) => None,
        }
    }

    /// Whether they signed in lately enough, and that is known.
    fn is_recent(&self, person: &Person<'_>, now: Timestamp) -> bool {
        self.fresh_since(now)
            .is_none_or(|since| person.proven_at.is_some_and(|at| at >= since))
    }

    /// The step that reaches the context which is asked for; none where it is reached, or need
    /// not be (5.5.1.1).
    fn context(
        &self,
        person: &Person<'_>,
        standing: &Standing<'_>,
    ) -> Result<Option<Step>, AuthorizationFault> {
        let wanted = self.wanted_acrs();
        let any_of = |acrs: &[&str]| wanted.iter().any(|acr| acrs.contains(&acr.as_str()));
        if wanted.is_empty() || any_of(person.acrs) {
            return Ok(None);
        }
        let was_tried = person.came_at >= self.received_at;
        let is_worth_a_try = any_of(standing.known_acrs) && !was_tried;
        match (self.needs_acr(), is_worth_a_try) {
            (true, true) => self.ask_to_sign_in().map(Some),
            (true, false) => Err(AuthorizationFault::Unmet),
            // Voluntary: tried once, where somebody may be asked and has what to try with, and left
            // at that.
            (false, true) if standing.can_prove && !self.prompts.none => {
                Ok(Some(Step::SignIn { acr_values: wanted }))
            }
            (false, _) => Ok(None),
        }
    }

    fn needs_acr(&self) -> bool {
        let acr = self.claims.acr();
        acr.is_some_and(|acr| acr.essential && !acr.values.is_empty())
    }

    fn wanted_acrs(&self) -> Vec<String> {
        let acr = self.claims.acr().filter(|acr| !acr.values.is_empty());
        let texts = |values: &[serde_json::Value]| {
            values
                .iter()
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect()
        };
        acr.map_or_else(|| self.acr_values.clone(), |acr| texts(&acr.values))
    }

    const fn needs_consent(&self, consent: Consent) -> bool {
        match consent {
            Consent::Missing => true,
            Consent::Before => self.prompts.consent,
            Consent::Now => false,
        }
    }
}

#[cfg(test)]
mod tests;

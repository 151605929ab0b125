//! Who an assertion is about, and that its bearer may use it here (Profiles 4.1.4.2).

use gw_model::Timestamp;

use crate::{
    NameId, ShapeFault,
    names::{ASSERTION, BEARER},
    xml::{Node, sequence},
};

use super::{
    Asked, AssertionFault, Expected,
    assertion::{check_window, time},
};

/// The most confirmations that are looked at.
const CONFIRMATIONS_MAX: usize = 8;

/// What the subject says.
pub(super) struct Subject {
    pub(super) name_id: Option<NameId>,
    /// When the last confirmation that holds ends.
    pub(super) ends: Timestamp,
}

pub(super) fn read_subject(
    subject: Node<'_>,
    expected: &Expected<'_>,
) -> Result<Subject, AssertionFault> {
    let mut children = sequence(subject)?;
    let name_id = children.optional(ASSERTION, "NameID");
    let confirmations = children.many(ASSERTION, "SubjectConfirmation");
    children.end()?;
    if confirmations.len() > CONFIRMATIONS_MAX {
        return Err(AssertionFault::TooMuch("confirmations"));
    }
    Ok(Subject {
        name_id: name_id.map(NameId::read).transpose()?,
        ends: confirmed(&confirmations, expected)?,
    })
}

/// One bearer confirmation has to hold; why the last one that was tried did not is the fault.
fn confirmed(
    confirmations: &[Node<'_>],
    expected: &Expected<'_>,
) -> Result<Timestamp, AssertionFault> {
    let mut fault = AssertionFault::Confirmation("there is none");
    let mut ends = None;
    for confirmation in confirmations {
        match check_confirmation(*confirmation, expected) {
            Ok(end) => ends = ends.max(Some(end)),
            Err(other) => fault = other,
        }
    }
    ends.ok_or(fault)
}

fn check_confirmation(
    confirmation: Node<'_>,
    expected: &Expected<'_>,
) -> Result<Timestamp, AssertionFault> {
    let refuse = |why| Err(AssertionFault::Confirmation(why));
    if confirmation.attribute("Method") != Some(BEARER) {
        return refuse("it is not by bearer");
    }
    let mut data = confirmation.named(ASSERTION, "SubjectConfirmationData");
    let (Some(data), None) = (data.next(), data.next()) else {
        return refuse("it has no data");
    };
    if data.attribute("Recipient") != Some(expected.acs_url) {
        return refuse("its recipient is another address");
    }
    if data.attribute("NotBefore").is_some() {
        return refuse("it has a `NotBefore`, which it must not");
    }
    match (expected.asked, data.attribute("InResponseTo")) {
        (Asked::Request(id), Some(answered)) if id == answered => {}
        (Asked::Unsolicited, None) => {}
        _ => return refuse("it answers another request"),
    }
    let end = time(data, "NotOnOrAfter")?;
    let end = end.ok_or_else(|| ShapeFault::missing(data, "NotOnOrAfter"))?;
    check_window(None, Some(end), expected)?;
    Ok(end)
}

//! What is answered, read from its bytes.

use super::{
    ATTRIBUTES_MAX, Answer, Attribute, CONTROLS_MAX, Control, Entry, Message, MessageFault,
    Outcome, ResultCode, VALUES_MAX,
};
use crate::{
    ber::{BerFault, ENUMERATED, INTEGER, OCTETS, Reader, SEQUENCE, SET},
    text::shown,
};

const BOUND: u8 = 0x61;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x78;
const INTERMEDIATE: u8 = 0x79;
const CONTROLS: u8 = 0xa0;
const INTERMEDIATE_NAME: u8 = 0x80;
const INTERMEDIATE_VALUE: u8 = 0x81;

/// One whole message (RFC 4511, 4.1.1).
///
/// # Errors
/// Where it is none, or none that answers what Gatewright asks.
pub(crate) fn decode(bytes: &[u8]) -> Result<Message, MessageFault> {
    let mut outer = Reader::new(bytes);
    let mut message = outer.inside(SEQUENCE)?;
    outer.end()?;
    let number = message.integer(INTEGER)?;
    let number = i32::try_from(number).ok().filter(|number| *number >= 0);
    let number = number.ok_or(MessageFault::Number)?;
    let (kind, content) = message.any()?;
    let answer = answer(kind, Reader::new(content))?;
    let controls = match message.optional(CONTROLS)? {
        Some(controls) => read_controls(Reader::new(controls))?,
        None => Vec::new(),
    };
    // Active Directory puts the name of its notice of disconnection here, where it does not belong.
    if number != 0 {
        message.end()?;
    }
    Ok(Message {
        number,
        answer,
        controls,
    })
}

fn answer(kind: u8, mut content: Reader<'_>) -> Result<Answer, MessageFault> {
    Ok(match kind {
        BOUND => Answer::Bound(outcome(&mut content)?),
        ENTRY => Answer::Entry(entry(content)?),
        DONE => Answer::Done(outcome(&mut content)?),
        REFERENCE => Answer::Reference,
        EXTENDED => Answer::Extended(outcome(&mut content)?),
        INTERMEDIATE => {
            let name = content
                .optional(INTERMEDIATE_NAME)?
                .map(std::str::from_utf8);
            let name = name.transpose().map_err(|_| BerFault::Utf8)?;
            let value = content.optional(INTERMEDIATE_VALUE)?.unwrap_or_default();
            Answer::Intermediate {
                name: name.map(str::to_owned),
                value: value.to_vec(),
            }
        }
        kind => return Err(MessageFault::Kind(kind)),
    })
}

/// Its referrals, and what an operation adds, are not read: nobody follows or needs them.
fn outcome(content: &mut Reader<'_>) -> Result<Outcome, MessageFault> {
    let code = ResultCode(content.integer(ENUMERATED)?);
    content.element(OCTETS)?;
    let words = content.element(OCTETS)?;
    Ok(Outcome {
        code,
        words: shown(&String::from_utf8_lossy(words)),
    })
}

fn entry(mut content: Reader<'_>) -> Result<Entry, MessageFault> {
    let dn = content.text(OCTETS)?.to_owned();
    let mut list = content.inside(SEQUENCE)?;
    content.end()?;
    let mut attributes = Vec::new();
    while list.peek().is_some() {
        if attributes.len() == ATTRIBUTES_MAX {
            return Err(MessageFault::TooMany("attributes of an entry"));
        }
        let mut one = list.inside(SEQUENCE)?;
        let name = one.text(OCTETS)?.to_owned();
        let values = values(one.inside(SET)?)?;
        one.end()?;
        attributes.push(Attribute { name, values });
    }
    Ok(Entry { dn, attributes })
}

fn values(mut set: Reader<'_>) -> Result<Vec<Vec<u8>>, MessageFault> {
    let mut values = Vec::new();
    while set.peek().is_some() {
        if values.len() == VALUES_MAX {
            return Err(MessageFault::TooMany("values of an attribute"));
        }
        values.push(set.element(OCTETS)?.to_vec());
    }
    Ok(values)
}

fn read_controls(mut list: Reader<'_>) -> Result<Vec<Control>, MessageFault> {
    let mut controls = Vec::new();
    while list.peek().is_some() {
        if controls.len() == CONTROLS_MAX {
            return Err(MessageFault::TooMany("controls of a message"));
        }
        controls.push(Control::read(list.inside(SEQUENCE)?)?);
    }
    Ok(controls)
}

//! Writing our own metadata, in the schema's order.

use gw_model::Timestamp;

use crate::{
    Binding, BuildFault, Certificate, Credential, MessageId, instant,
    names::{METADATA, PROTOCOL},
    outgoing::check_destination,
    signature::{key_info, sign_enveloped},
    xml::{Build, Limits, parse},
};

/// What we are as a service provider.
#[derive(Debug, Clone, Copy)]
pub struct OurSp<'a> {
    /// Our entity id.
    pub entity_id: &'a str,
    /// Until when this may be used.
    pub valid_until: Option<Timestamp>,
    /// Our certificates for signing: the next one too while they change.
    pub signing: &'a [Certificate],
    /// Our certificates for encryption, the newest first.
    pub encryption: &'a [Certificate],
    /// Where answers are posted: one address, or one for each provider. The first is the default.
    pub acs_urls: &'a [&'a str],
    /// Where logout messages come, by redirect and by form.
    pub logout_url: Option<&'a str>,
    /// Which kinds of names we take.
    pub name_id_formats: &'a [&'a str],
}

/// What we are as an identity provider.
#[derive(Debug, Clone, Copy)]
pub struct OurIdp<'a> {
    /// Our entity id.
    pub entity_id: &'a str,
    /// Until when this may be used.
    pub valid_until: Option<Timestamp>,
    /// Our certificates for signing: the next one too while they change.
    pub signing: &'a [Certificate],
    /// Where requests come, by redirect and by form.
    pub sso_url: &'a str,
    /// Where logout messages come, by redirect and by form.
    pub logout_url: Option<&'a str>,
    /// We take signed requests only.
    pub want_authn_requests_signed: bool,
    /// Which kinds of names we have.
    pub name_id_formats: &'a [&'a str],
}

impl OurSp<'_> {
    /// The document. Signed where a key and a random id for the signature are given.
    ///
    /// # Errors
    ///
    /// No address, one that is no web address, or a value that XML cannot hold.
    pub fn to_xml(&self, sign: Option<(&Credential, &MessageId)>) -> Result<String, BuildFault> {
        if self.acs_urls.is_empty() {
            return Err(BuildFault::Empty);
        }
        let keys = descriptors("signing", self.signing)
            .into_iter()
            .chain(descriptors("encryption", self.encryption));
        let role = role("md:SPSSODescriptor")
            .attribute("AuthnRequestsSigned", word(!self.signing.is_empty()))
            .attribute("WantAssertionsSigned", "true")
            .children(keys)
            .children(logout(self.logout_url)?)
            .children(formats(self.name_id_formats))
            .children(consumers(self.acs_urls)?);
        finish(self.entity_id, self.valid_until, role, sign)
    }
}

impl OurIdp<'_> {
    /// The document. Signed where a key and a random id for the signature are given.
    ///
    /// # Errors
    ///
    /// Those of [`OurSp::to_xml`].
    pub fn to_xml(&self, sign: Option<(&Credential, &MessageId)>) -> Result<String, BuildFault> {
        check_destination(self.sso_url)?;
        let both = [Binding::Redirect, Binding::Post];
        let sign_on = both.map(|by| endpoint("md:SingleSignOnService", by, self.sso_url));
        let role = role("md:IDPSSODescriptor")
            .attribute(
                "WantAuthnRequestsSigned",
                word(self.want_authn_requests_signed),
            )
            .children(descriptors("signing", self.signing))
            .children(logout(self.logout_url)?)
            .children(formats(self.name_id_formats))
            .children(sign_on);
        finish(self.entity_id, self.valid_until, role, sign)
    }
}

const fn word(yes: bool) -> &'static str {
    if yes { "true" } else { "false" }
}

fn role(name: &'static str) -> Build {
    Build::new(name).attribute("protocolSupportEnumeration", PROTOCOL)
}

fn descriptors(usage: &'static str, certificates: &[Certificate]) -> Vec<Build> {
    let one = |certificate: &Certificate| {
        Build::new("md:KeyDescriptor")
            .attribute("use", usage)
            .child(key_info(certificate.der()))
    };
    certificates.iter().map(one).collect()
}

fn endpoint(name: &'static str, binding: Binding, url: &str) -> Build {
    Build::new(name)
        .attribute("Binding", binding.uri())
        .attribute("Location", url)
}

fn consumers(urls: &[&str]) -> Result<Vec<Build>, BuildFault> {
    let consumer = |(index, url): (usize, &&str)| {
        check_destination(url)?;
        Ok(endpoint("md:AssertionConsumerService", Binding::Post, url)
            .attribute("index", index.to_string())
            .maybe("isDefault", (index == 0).then_some("true")))
    };
    urls.iter().enumerate().map(consumer).collect()
}

fn logout(url: Option<&str>) -> Result<Vec<Build>, BuildFault> {
    let Some(url) = url else {
        return Ok(Vec::new());
    };
    check_destination(url)?;
    let both = [Binding::Redirect, Binding::Post];
    Ok(both
        .map(|by| endpoint("md:SingleLogoutService", by, url))
        .into())
}

fn formats<'a>(formats: &'a [&'a str]) -> impl Iterator<Item = Build> + 'a {
    formats
        .iter()
        .map(|format| Build::new("md:NameIDFormat").text(*format))
}

fn finish(
    entity_id: &str,
    valid_until: Option<Timestamp>,
    role: Build,
    sign: Option<(&Credential, &MessageId)>,
) -> Result<String, BuildFault> {
    let mut entity = Build::new("md:EntityDescriptor")
        .attribute("xmlns:md", METADATA)
        .attribute("entityID", entity_id)
        .maybe("validUntil", valid_until.map(instant::write));
    if let Some((_, id)) = sign {
        entity = entity.attribute("ID", id.as_str());
    }
    entity = entity.child(role);
    if let Some((credential, id)) = sign {
        sign_enveloped(&mut entity, id.as_str(), 0, credential)?;
    }
    let xml = entity.to_xml();
    parse(xml.as_bytes(), Limits::METADATA)?;
    Ok(xml)
}

//! What each table and key is for, beside what the code that reads it says of it.

/// What a key of a table is for, or, where the key is empty, the table itself.
pub(super) fn of(table: &str, key: &str) -> Option<&'static str> {
    let found = PURPOSES.iter().find(|(t, k, _)| *t == table && *k == key);
    found.map(|(_, _, purpose)| *purpose)
}

/// Every table and key that has a purpose here.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    PURPOSES.iter().map(|(table, key, _)| (*table, *key))
}

/// Table, key, purpose; without a key, of the table.
const PURPOSES: &[(&str, &str, &str)] = &[
    ("", "", "At the top of the file, before any table."),
    (
        "",
        "version",
        "The version of this form of the file: 1. A newer one is refused by name.",
    ),
    (
        "",
        "data",
        "Facts, keys and ledger: a folder for Gatewright alone, of mode 0700. Read at the start.",
    ),
    (
        "",
        "remedies",
        "How much a refusal tells of what would open the door: nothing, what people can do themselves, everything. Read at the start.",
    ),
    (
        "",
        "drain",
        "How long what is open may take to end at a stop. Read at the start.",
    ),
    (
        "",
        "threads",
        "Traffic threads; one for each core where absent. Read at the start.",
    ),
    (
        "",
        "huge_pages",
        "Whether memory may be had in pages of 2 MiB (docs/limits.md). Read at the start.",
    ),
    (
        "",
        "accept_ledger_gap",
        "Start although the ledger is shorter than the store remembers; the gap is recorded. For one start.",
    ),
    ("", "time_zone", "Of `context.time` in policies."),
    (
        "listen",
        "",
        "Where people are served, and the ports that they see. Read at the start.",
    ),
    (
        "listen",
        "http",
        "Plain HTTP: redirects to HTTPS, answers authorities that `[acme]` asks, and nothing else.",
    ),
    ("listen", "https", "HTTPS."),
    (
        "listen",
        "public_http_port",
        "The HTTP port in the addresses that people use.",
    ),
    (
        "listen",
        "public_https_port",
        "The HTTPS port in the addresses that people use.",
    ),
    (
        "listen",
        "client_certificates",
        "Hosts at which clients are asked for a certificate when they connect, which they may leave out: of apps that take access tokens, and the authentication host. Any certificate does; a token may be bound to it. Browsers show people a chooser there.",
    ),
    (
        "listen",
        "client_authorities",
        "Whom to believe of clients that show a certificate at the token endpoint (`[[client]]` with a name as `certificate`): a file of their own certificates. Without it such clients get no token; self-signed ones do. Read at the start.",
    ),
    (
        "certificate",
        "",
        "A certificate; every host has one, or `[acme]` obtains it. Its files are followed.",
    ),
    (
        "certificate",
        "chain",
        "PEM, the server's own certificate first.",
    ),
    ("certificate", "key", "PEM, closed to others."),
    (
        "certificate",
        "hosts",
        "The hosts that it is presented for.",
    ),
    (
        "acme",
        "",
        "Where certificates come from for the hosts that no `[[certificate]]` is for; only where this table stands. Read at the start, but for `hosts`.",
    ),
    (
        "acme",
        "terms_of_service_agreed",
        "`true`, once you have read the authority's terms.",
    ),
    (
        "acme",
        "directory",
        "The authority's ACME directory; Let's Encrypt's by default.",
    ),
    (
        "acme",
        "contact",
        "Whom the authority may write to about certificates.",
    ),
    (
        "acme",
        "hosts",
        "The only hosts that certificates are obtained for; where empty, every host that is served and that no file is for, also those of apps that are added later.",
    ),
    (
        "acme",
        "ca",
        "Who vouches for the authority's own server, in PEM form, where it is your own; those that the system believes where absent.",
    ),
    (
        "acme.external_account",
        "",
        "An account that the authority wants this one bound to, where it does.",
    ),
    (
        "acme.external_account",
        "id",
        "Its id, as the authority gave it to you.",
    ),
    (
        "acme.external_account",
        "key",
        "A file with its key in base64url, closed to others.",
    ),
    ("authentication", "", "Where people sign in."),
    (
        "authentication",
        "host",
        "The RP id of every passkey: fixed at the first start; no app shares it or sits beneath it.",
    ),
    (
        "authentication",
        "addresses_verified",
        "Whether all of people's mail addresses are taken for verified (`email_verified`), whoever brought them: true only where each of them (you, your directory, your provider) made sure that an address is that person's. Where false, those are that an administrator entered or a provider says it has verified; where nothing can say that one is not, it is not told (docs/identity.md).",
    ),
    (
        "scim",
        "",
        "A source that pushes people and groups in by SCIM 2.0, below `/scim/NAME/v2` at the host of `authentication` (docs/identity.md). It sees whom it pushed, changes nobody who has rights that it could not give, and never an owner; policy has to permit it each thing that it does. One that is taken away is off, with what it put people into; whom it pushed stays.",
    ),
    (
        "scim",
        "name",
        "Its name, at most 40 characters and not that of a provider: policies know it as the client of that name, the names of the groups that it makes begin with it.",
    ),
    (
        "scim",
        "title",
        "What pages call it; the name where absent.",
    ),
    (
        "scim",
        "secrets",
        "Files with what it shows as a bearer token, one secret of 32 bytes or more on one line, closed to others. Two while one takes the other's place; they are read again when they change.",
    ),
    (
        "scim",
        "enabled",
        "Whether it may push. Switched off, memberships by its word do not count.",
    ),
    (
        "scim",
        "found_by",
        "By what somebody who is here already is found, the first time: by nothing (an administrator links them, by the source's own id of them), or by their name. Who can sign in in any way, or has rights that it could not give, is never found; nobody ever is by a mail address.",
    ),
    (
        "scim",
        "fills",
        "Groups that it did not make and puts people into; no group is filled by two. Never the owners.",
    ),
    (
        "scim",
        "over",
        "Groups whose people it may change although it puts nobody into them. Who is in any other group, by whomever, is switched off by it and nothing else.",
    ),
    (
        "directory",
        "",
        "A directory that people and groups are read of by LDAP (docs/identity.md): OpenLDAP, 389DS, Active Directory. It changes nobody who has rights that it could not give, and never an owner; policy has to permit it each thing that it does. One that is taken away is off, with what it put people into; who came by it stays. It is taken up when this file is loaded again.",
    ),
    (
        "directory",
        "name",
        "Its name, not that of a provider or a source: policies know it as the client of that name.",
    ),
    (
        "directory",
        "title",
        "What pages call it; the name where absent.",
    ),
    (
        "directory",
        "enabled",
        "Whether it is followed. Switched off, memberships by its word do not count.",
    ),
    (
        "directory",
        "servers",
        "Its servers, tried in this order: `ldaps://dc1.example.com`, with a port only if it is not 636 (389 for `ldap://`). `ldap://` needs `start_tls`, but on this machine.",
    ),
    (
        "directory",
        "start_tls",
        "Whether TLS begins on a connection to `ldap://` before anything else is said.",
    ),
    (
        "directory",
        "ca",
        "Who vouches for its servers, in PEM form, where it is your own; those that the system believes where absent.",
    ),
    (
        "directory",
        "bind_dn",
        "As whom it is read: an account that may read and nothing else. Nobody where absent.",
    ),
    (
        "directory",
        "password",
        "A file with what proves that, on one line, closed to others. It is read again when it changes.",
    ),
    (
        "directory",
        "certificate",
        "A certificate in PEM form, its own first, that is shown to servers which ask for one. With neither `bind_dn` nor `password`, it is by this that they know who reads (SASL EXTERNAL). It is read anew with each connection.",
    ),
    (
        "directory",
        "key",
        "The private key of `certificate`, in PEM form, closed to others.",
    ),
    (
        "directory",
        "over",
        "Groups whose people it may change although it puts nobody into them. Who is in any other group, by whomever, is switched off by it and taken out of its groups, and nothing else.",
    ),
    (
        "directory",
        "page_size",
        "Entries that are asked for at once (RFC 2696).",
    ),
    (
        "directory",
        "referrals",
        "What places elsewhere that its servers name (referrals) mean; nobody ever goes there. `keep`: what was read is not all, and who is missing from it is left as they are. `ignore`: nothing that is wanted is there, as at the top of an Active Directory's domain (docs/identity.md).",
    ),
    (
        "directory",
        "interval",
        "It is read whole at the latest so long after the last time, whether anything seems to have changed or not.",
    ),
    (
        "directory",
        "poll",
        "How often Active Directory is asked whether anything has changed; others tell (RFC 4533).",
    ),
    (
        "directory",
        "pause",
        "It is read again at the earliest so long after the last time.",
    ),
    ("directory", "answer", "The longest time for one answer."),
    (
        "directory",
        "reading",
        "The longest time for a whole reading.",
    ),
    (
        "directory",
        "loss_percent",
        "Of those who are linked and on, of the memberships by its word, and of those whom it switched off: the share in per cent that its readings may take away, or switch on again, within a day. More waits until somebody allows it (`gatewright directory allow`); `100` never waits.",
    ),
    (
        "directory",
        "loss_always",
        "So many may be taken away, or switched on again, within a day whatever their share is.",
    ),
    (
        "directory",
        "people_min",
        "Fewer people than this are no whole reading: nothing is changed.",
    ),
    (
        "directory.people",
        "",
        "Which of its entries are people, and what is known of them. The defaults are those of OpenLDAP.",
    ),
    (
        "directory.people",
        "base",
        "Where they are: `ou=people,dc=example,dc=com`.",
    ),
    ("directory.people", "scope", "How far below."),
    (
        "directory.people",
        "filter",
        "Which entries there. Active Directory: `(&(objectCategory=person)(objectClass=user))`.",
    ),
    (
        "directory.people",
        "unique_id",
        "The attribute that never changes and is never given to anybody else: `entryUUID`; `objectGUID` in Active Directory, `nsUniqueId` in 389DS.",
    ),
    (
        "directory.people",
        "name",
        "The attribute with the name that they sign in with here, in lower case. Active Directory: `sAMAccountName`.",
    ),
    (
        "directory.people",
        "display_name",
        "The attribute with the name that pages show.",
    ),
    (
        "directory.people",
        "email",
        "The attribute with an address for messages, where there is one; it never says who somebody is.",
    ),
    (
        "directory.people",
        "member_of",
        "The attribute that names the groups that they are directly in (`memberOf`), where it is to count beside what groups say themselves.",
    ),
    (
        "directory.people",
        "provision",
        "Who becomes a person here: who is in a group that is mapped, everybody whom the filter finds, or nobody (people are made here, and linked).",
    ),
    (
        "directory.people",
        "found_by",
        "By what somebody who is here already is found, the first time: by nothing (an administrator links them, by the directory's unique id of them), or by their name. Who can sign in in any way, or has rights that it could not give, is never found; nobody ever is by a mail address.",
    ),
    (
        "directory.people.disabled",
        "",
        "What switches somebody off; each of these alone suffices. With neither `bits` nor `values`, that the attribute is there at all (`pwdAccountLockedTime` in OpenLDAP).",
    ),
    (
        "directory.people.disabled",
        "attribute",
        "The attribute: `userAccountControl` in Active Directory.",
    ),
    (
        "directory.people.disabled",
        "bits",
        "One of these bits of a number: 2 in Active Directory. Who has no such number is switched off as well.",
    ),
    (
        "directory.people.disabled",
        "values",
        "One of these values, whose case does not count: `true` of `nsAccountLock` in 389DS.",
    ),
    (
        "directory.groups",
        "",
        "Which of its entries are groups, and who is in them. No group is looked at but those that are mapped, and those within them.",
    ),
    (
        "directory.groups",
        "base",
        "Where they are; needed where a group is mapped.",
    ),
    ("directory.groups", "scope", "How far below."),
    (
        "directory.groups",
        "filter",
        "Which entries there. Active Directory: `(objectClass=group)`.",
    ),
    ("directory.groups", "name", "The attribute with their name."),
    (
        "directory.groups",
        "members",
        "The attributes that say who is in them by distinguished names: `member`, `uniqueMember`.",
    ),
    (
        "directory.groups",
        "member_names",
        "The attributes that say it by sign-in names: `memberUid`.",
    ),
    (
        "directory.groups",
        "nesting",
        "So many levels of groups within groups are followed; 0 for none.",
    ),
    (
        "directory.group",
        "",
        "Which group there is which one here.",
    ),
    (
        "directory.group",
        "dn",
        "The group there, by its distinguished name; or `name`.",
    ),
    (
        "directory.group",
        "name",
        "The group there, by its name; where two have it, neither counts.",
    ),
    (
        "directory.group",
        "here",
        "The group here, which has to be declared. Never the owners, nor a group within them.",
    ),
    (
        "provider",
        "",
        "A provider of identities that people sign in by, beside passkeys (docs/identity.md): with `issuer` and `client_id` it speaks OpenID Connect, with `metadata` it speaks SAML 2.0. One that is taken away is off; who its people are is kept.",
    ),
    (
        "provider",
        "name",
        "Its name: `context.authn.providers.contains(\"corp\")`.",
    ),
    (
        "provider",
        "title",
        "What the sign-in page calls it; the name where absent.",
    ),
    (
        "provider",
        "issuer",
        "OpenID Connect: who it says that it is, to the letter; its document lies below (`/.well-known/openid-configuration`). Plain `http://` only on this machine.",
    ),
    (
        "provider",
        "client_id",
        "OpenID Connect: who Gatewright is there.",
    ),
    (
        "provider",
        "client_secret",
        "OpenID Connect: a file with what proves that, on one line, closed to others. Without one Gatewright is a public client; PKCE is used either way.",
    ),
    (
        "provider",
        "client_key",
        "OpenID Connect: instead of a secret, Gatewright signs who it is by a key of its own (`private_key_jwt`, RS256), which is made then and lies sealed in the store. The provider reads the public key at `https://AUTHENTICATION-HOST/provider/keys.json`.",
    ),
    (
        "provider",
        "ca",
        "OpenID Connect: who vouches for its servers, in PEM form, where it is your own; those that the system believes where absent.",
    ),
    (
        "provider",
        "scopes",
        "OpenID Connect: what is asked for beside `openid`.",
    ),
    (
        "provider",
        "metadata",
        "SAML: a file with the provider's metadata, read at the start and when this file is loaded again: who it is, where it is spoken to, and whose signatures are its own. Give it Gatewright's from `/provider/saml/metadata` at the host of `authentication`. A certificate that is no longer in it ends the sessions that rest on the provider; past its `validUntil` nobody signs in.",
    ),
    (
        "provider",
        "entity_id",
        "SAML: who it is, where the file holds several.",
    ),
    (
        "provider",
        "names",
        "SAML: the kind of name by which it knows people, which has to be theirs for good; a transient one never counts.",
    ),
    (
        "provider",
        "sign_requests",
        "SAML: whether Gatewright signs what it asks.",
    ),
    (
        "provider",
        "encrypted",
        "SAML: whether an assertion is refused that is not encrypted to Gatewright.",
    ),
    (
        "provider",
        "unsolicited",
        "SAML: whether it may sign somebody in whom Gatewright did not send there. Then a page anywhere can have a browser signed in as whoever made the page.",
    ),
    (
        "provider",
        "enabled",
        "Whether people sign in by it. Switching it off ends every session that rests on it.",
    ),
    (
        "provider.people",
        "",
        "Which of its people are let in, and who they are here.",
    ),
    (
        "provider.people",
        "found_by",
        "By what somebody who is here already is found, the first time that they come: by nothing (they link the two themselves), by their name, by a mail address that the provider has verified. Who has a passkey, codes or another account here is never found, and links them.",
    ),
    (
        "provider.people",
        "provision",
        "Whether somebody whom nobody here knows becomes a person here.",
    ),
    (
        "provider.people",
        "name_claim",
        "The claim, or the attribute by SAML, with the name that they sign in with here.",
    ),
    (
        "provider.people",
        "require",
        "Claims or attributes, each with the values of which it must have one: `{ hd = [\"example.com\"] }`. Of whom it is not so is refused.",
    ),
    (
        "provider.member",
        "",
        "Which groups its people are in while it says so, and until the session that they began by it would end.",
    ),
    (
        "provider.member",
        "when",
        "Claims or attributes, each with the values of which it must have one; everybody where empty. A claim in another is named with a dot: `realm_access.roles`.",
    ),
    ("provider.member", "groups", "The groups."),
    (
        "provider.multi_factor",
        "",
        "Which of its words count as more than one factor: `context.authn.multi_factor`. None does where this is absent.",
    ),
    (
        "provider.multi_factor",
        "acr",
        "Authentication context classes, best first; these are asked for to confirm.",
    ),
    ("provider.multi_factor", "amr", "Authentication methods."),
    (
        "provider.phishing_resistant",
        "",
        "Which of its words count as a proof that a look-alike site cannot use: `context.authn.phishing_resistant`. None does where this is absent.",
    ),
    (
        "provider.phishing_resistant",
        "acr",
        "Authentication context classes, best first; these are asked for to confirm.",
    ),
    (
        "provider.phishing_resistant",
        "amr",
        "Authentication methods.",
    ),
    (
        "issuer",
        "",
        "An issuer elsewhere whose tokens let workloads be clients without a secret (docs/identity.md): a CI, a cluster. Which workload is which client, `[[client.workload]]` says. One that is taken away vouches for nobody from that moment on.",
    ),
    ("issuer", "name", "Its name here."),
    (
        "issuer",
        "issuer",
        "What its tokens have as `iss`, to the letter.",
    ),
    (
        "issuer",
        "audiences",
        "What its tokens have as `aud` where they are meant for here, at most 8. A token that names any other as well is refused: whoever that is could bring it.",
    ),
    (
        "issuer",
        "keys",
        "A file with its public keys (a JWK set), where it cannot be asked. Read again when it changes.",
    ),
    (
        "issuer",
        "keys_uri",
        "Where its public keys are, `https://`. Where neither is there, its own document says (`/.well-known/openid-configuration` below `issuer`).",
    ),
    (
        "issuer",
        "ca",
        "Who vouches for the servers that its keys and its document are had from, in PEM form, where it is an authority of its own, as a cluster's: nobody else is believed there. Those that the system believes where absent. Read again when it changes.",
    ),
    (
        "issuer",
        "algorithms",
        "What its tokens may be signed by: asymmetric ones alone.",
    ),
    (
        "issuer",
        "age_max",
        "How long ago a token may have been issued, a day at most.",
    ),
    (
        "issuer",
        "single_use",
        "Whether a token that has an id (`jti`) is good once. Set it to false where a workload brings the same token again and again, as pods do.",
    ),
    (
        "client",
        "",
        "A client of the authorisation server (docs/identity.md): an app that people sign in to through Gatewright, or a program that asks for tokens. One that is taken away is off, with every token that it has; its id is kept.",
    ),
    (
        "client",
        "name",
        "Its `client_id`, and its name in policies and at the command line.",
    ),
    (
        "client",
        "title",
        "What pages call it; the name where absent.",
    ),
    (
        "client",
        "type",
        "What it is: on a server (`web`), in a page (`browser`), on a person's own device (`native`), a program that asks in its own name (`service`), or an app that speaks SAML 2.0 (`saml`), which has keys of its own below and none of those about OpenID Connect. That says what `grants` and `scopes` are where they are absent, and whether it can keep a secret: what runs in a page or on a device cannot, and shows nothing.",
    ),
    (
        "client",
        "enabled",
        "Whether it is given tokens, and those that it has count.",
    ),
    (
        "client",
        "app",
        "The `[[app]]` that people sign in to through it: policies permit `oidc.authorize` on that. Required where people sign in through it (\"code\", \"device-code\"); an app that is not behind this gateway has `start`.",
    ),
    (
        "client",
        "grants",
        "What it may ask the token endpoint for. Where absent: `code` and `refresh`; of a native client `device-code`, too; of a service `client-credentials` alone. `[[client.workload]]` adds `token-exchange`.",
    ),
    (
        "client",
        "redirect_uris",
        "Where answers to it go: `https://`, to the letter. Of a native client also `http://127.0.0.1/…`, with any port, and schemes that are a domain turned round: `com.example.app:/cb`. At most 32.",
    ),
    (
        "client",
        "post_logout_redirect_uris",
        "Where people may go after they signed out there.",
    ),
    (
        "client",
        "backchannel_logout_uri",
        "Where it is told, from server to server, that a session is over (OpenID Connect Back-Channel Logout).",
    ),
    (
        "client",
        "backchannel_logout_session_required",
        "Whether it is told which session.",
    ),
    (
        "client",
        "secrets",
        "How it shows who it is: files with a secret each, closed to others (0600), of 32 bytes at least; at most 4, so that a new one is good before the old one ends. They are read again when they change. Facts hold their hashes alone. A client has exactly one of `secrets`, `keys`, `keys_uri`, `certificate` and `[[client.workload]]`.",
    ),
    (
        "client",
        "secret_in",
        "Where it sends its secret: in the `Authorization` header, or in the body.",
    ),
    (
        "client",
        "keys",
        "A file with its public keys, a JWK set of at most 64KiB, by which it signs assertions (`private_key_jwt`); read again when it changes.",
    ),
    (
        "client",
        "keys_uri",
        "The address of its public keys, instead.",
    ),
    (
        "client",
        "certificate",
        "The certificate that it shows: one of an authority that is believed, by one name (`subject_dn`, `san_dns`, `san_uri`, `san_ip` or `san_email`), or \"self-signed\" over a key of `keys` or `keys_uri` (RFC 8705).",
    ),
    (
        "client",
        "scopes",
        "What it may ask for. Where absent: `openid`, `profile`, `email` and `groups`; of a service nothing. `offline_access` is never among them by itself: tokens that outlive a session are somebody's word.",
    ),
    (
        "client",
        "resources",
        "What it may ask tokens for: `https://` addresses, or names of apps of this file. At most 8.",
    ),
    (
        "client",
        "serves",
        "The resources that it is itself: it may look into tokens for them, and exchange them.",
    ),
    (
        "client",
        "subjects",
        "What it is told as a person's id: the same as others, or one that no client of another sector is told.",
    ),
    (
        "client",
        "sector",
        "The host that pairwise ids are made for; that of its redirect URIs where absent.",
    ),
    (
        "client",
        "id_token_algorithm",
        "By which its ID tokens are signed.",
    ),
    (
        "client",
        "userinfo_algorithm",
        "By which what it asks of a person is signed; plain JSON otherwise.",
    ),
    (
        "client",
        "require_pushed",
        "Whether its requests must be pushed before (RFC 9126).",
    ),
    (
        "client",
        "dpop_bound",
        "Whether its tokens must be bound to a key (DPoP, RFC 9449).",
    ),
    (
        "client",
        "certificate_bound",
        "Whether its tokens must be bound to its certificate (RFC 8705).",
    ),
    (
        "client",
        "proof_key",
        "Whether its codes must be bound by a proof key (PKCE). Optional is for old relying parties that check `nonce` instead, and never for what cannot keep a secret.",
    ),
    (
        "client",
        "default_max_age",
        "How long ago a sign-in may be where its request does not say; any time where absent.",
    ),
    (
        "client",
        "require_auth_time",
        "Whether its ID tokens must say when the person signed in.",
    ),
    (
        "client",
        "default_acr_values",
        "The authentication contexts that are wanted where its request does not say.",
    ),
    (
        "client",
        "consent",
        "Whether people are asked before it is told of them. Never, unless it is said: who declares a client agrees for their people.",
    ),
    (
        "client",
        "metadata",
        "SAML: a file with the app's metadata as a service provider, read at the start and when it or this file changes: who it is, where answers to it go, whose signatures are its own, to whom assertions are encrypted. Give the app Gatewright's from `/saml/metadata` at the host of `authentication`. Past its `validUntil` nobody signs in to it.",
    ),
    (
        "client",
        "entity_id",
        "SAML: who it is, where the metadata holds several, or there is none.",
    ),
    (
        "client",
        "acs",
        "SAML: where answers to it go, where there is no metadata: `https://`, to the letter; the first is the usual one. Such an app has no key: its requests are not signed, and it is not told of sign-outs.",
    ),
    (
        "client",
        "names",
        "SAML: as what people are named to it: by a name that is made for it alone, by their mail address, or by the name that they sign in by. A name of one session alone (`transient`) it may ask for in any case.",
    ),
    (
        "client",
        "tells",
        "SAML: what else it is told: `name` (as `uid`), `email` (as `mail`), `display-name` (as `displayName`), `groups`. All of them where absent.",
    ),
    (
        "client",
        "sign_requests",
        "SAML: whether a request that it did not sign is refused. Where absent: if its metadata has a certificate for signing.",
    ),
    (
        "client",
        "encrypted",
        "SAML: whether assertions are encrypted to the key in its metadata. They are signed in any case.",
    ),
    (
        "client",
        "idp_initiated",
        "SAML: whether people may begin here, at its card in the portal, without its having asked. Then a page anywhere can have a browser signed in to it, as whoever is signed in here.",
    ),
    (
        "client",
        "groups",
        "The groups that it is in, of this file: `principal in Group::\"robots\"`.",
    ),
    (
        "client",
        "attributes",
        "Facts that policies read: `principal.getTag(\"team\")`.",
    ),
    (
        "client.workload",
        "",
        "A workload elsewhere that is this client, by what an `[[issuer]]` says of it: all that is named, at most 16 such tables. What is known as two clients is refused.",
    ),
    ("client.workload", "issuer", "The name of the `[[issuer]]`."),
    (
        "client.workload",
        "claims",
        "What its token claims, to the letter: `{ repository = \"acme/shop\", ref = \"refs/heads/main\" }`. A `*` at the end stands for whatever follows. Claims that are no text never are what is named.",
    ),
    ("portal", "", "The page of a person's apps."),
    ("portal", "host", "Its host."),
    ("lifetimes", "", "How long things live. Read at the start."),
    ("lifetimes", "session", "A session, whatever happens."),
    ("lifetimes", "session_idle", "A session that nobody uses."),
    (
        "lifetimes",
        "enrolment_session",
        "A session that was begun by an enrolment or recovery link, or by a recovery code.",
    ),
    ("lifetimes", "sign_in_link", "A sign-in link."),
    ("lifetimes", "enrolment_link", "An enrolment link."),
    ("lifetimes", "recovery_link", "A recovery link."),
    (
        "lifetimes",
        "saml_key_lead",
        "How long a key for SAML that is rotated in is in Gatewright's metadata before it signs, so that apps or providers come to know it, 1h to 90d; for as long again, what is encrypted to the key before it is read (docs/identity.md).",
    ),
    ("passkeys", "", "Passkeys. Read at the start."),
    (
        "passkeys",
        "attestation",
        "Whether an authenticator is asked to vouch for its model as a passkey is made (`direct`), which some browsers ask people about; a statement that does not hold is refused. What it told is kept with the passkey, and lets nobody in (docs/factors.md).",
    ),
    (
        "passwords",
        "",
        "Passwords with codes of authenticator apps, for people who cannot use passkeys (docs/factors.md). `enabled` is followed: off is off at once, and ends the sessions that rest on one. The rest is read at the start, and nothing is switched on before what stands beside it is in force.",
    ),
    (
        "passwords",
        "enabled",
        "Whether anybody may sign in with a password and a code.",
    ),
    (
        "passwords",
        "length_min",
        "How many characters a password has at least: 8 to 64. Of which kinds is everybody's own affair.",
    ),
    (
        "passwords",
        "breached",
        "A file with passwords that nobody may have, a line for each, sorted by bytes: SHA-1 hashes in hexadecimal digits, with a count after a colon or without, or the passwords themselves. It is searched where it lies, and opened for each new password; while it cannot be read nobody sets one.",
    ),
    (
        "passwords",
        "memory",
        "Memory for one hashing by Argon2id, of which two happen at once. Passwords are hashed anew as people sign in once this changes; recovery codes stay as they are.",
    ),
    ("passwords", "passes", "Passes over it: 1 to 20."),
    ("passwords", "lanes", "Lanes: 1 to 8."),
    (
        "trusted_proxies",
        "",
        "Whose word on the client's address counts: nobody's where `networks` is empty. Read at the start.",
    ),
    ("trusted_proxies", "networks", "The proxies' own addresses."),
    (
        "trusted_proxies",
        "header",
        "The header by which they tell it, such as `x-forwarded-for`; or",
    ),
    (
        "trusted_proxies",
        "proxy_protocol",
        "they tell it by PROXY protocol, version 2.",
    ),
    ("geo", "", "Countries of addresses. Read at the start."),
    (
        "geo",
        "database",
        "A MaxMind database, for `context.network.country`; without one it is absent.",
    ),
    (
        "ledger",
        "",
        "How decisions are recorded. Read at the start.",
    ),
    (
        "ledger",
        "segment_size",
        "The size of a segment's file, 1MiB to 1GiB.",
    ),
    (
        "ledger",
        "accepted",
        "When a request's record counts: once it survives a crash of the process, or a loss of power.",
    ),
    (
        "ledger",
        "when_unwritable",
        "What becomes of requests that cannot be recorded.",
    ),
    ("policies", "", "Where policy files are. Read at the start."),
    (
        "policies",
        "folder",
        "The folder: applied at the first start, and by `gatewright policy apply`.",
    ),
    (
        "policies",
        "watch",
        "Apply it whenever a file changes, too; what takes a policy away still waits for a word.",
    ),
    (
        "limits",
        "",
        "Bounds on what clients can make it hold; docs/limits.md has them all. Read at the start.",
    ),
    (
        "limits",
        "connections",
        "Connections from clients; half of what the number of open files leaves where absent.",
    ),
    (
        "limits",
        "connections_per_address",
        "Of strangers from one address; who is signed in does not count.",
    ),
    (
        "limits",
        "connections_per_person",
        "Of one person who is signed in; what is more makes way first. `0` is no bound.",
    ),
    (
        "limits",
        "exchanges_per_person",
        "Requests of one person under way at apps at once, WebSockets and streams among them; at most a quarter of `connections`. `0` is no bound.",
    ),
    (
        "limits",
        "requests_per_person",
        "Of one person each second, and ten times as many at once. `0` is no bound.",
    ),
    (
        "limits",
        "handshakes_per_address",
        "TLS handshakes of one address at once.",
    ),
    (
        "limits",
        "request_head",
        "The time for a whole request head, and for its first byte.",
    ),
    (
        "limits",
        "request_head_size",
        "Bytes of a request head, 8KiB to 1MiB.",
    ),
    ("limits", "request_headers", "Header lines of a request."),
    (
        "limits",
        "idle",
        "How long a person's connection is kept without a request.",
    ),
    ("limits", "stranger_idle", "How long a stranger's is."),
    (
        "limits",
        "slow_reader",
        "How long an answer may lie untaken.",
    ),
    (
        "limits",
        "slow_writer",
        "The time in which a request's body must come on by a KiB.",
    ),
    (
        "limits",
        "streams",
        "Streams of one connection over HTTP/2.",
    ),
    (
        "administration",
        "",
        "Who administers on the machine itself. Read at the start.",
    ),
    (
        "administration",
        "host",
        "The host of the console and its API in a browser; without one there is only the socket.",
    ),
    (
        "operations",
        "",
        "Health and numbers for a monitoring system; docs/operations.md. Read at the start.",
    ),
    (
        "operations",
        "listen",
        "Where they are told, over plain HTTP, to whoever can reach it.",
    ),
    (
        "log",
        "",
        "What is logged, on standard error. `GATEWRIGHT_LOG` wins over the level. Read at the start.",
    ),
    (
        "log",
        "level",
        "A level, or parts with levels: `info,gw_web=debug`.",
    ),
    ("log", "format", "For people, or for machines."),
    (
        "network",
        "",
        "A network that policies name: `context.network.names.contains(\"office\")`.",
    ),
    ("network", "name", "Its name."),
    ("network", "prefixes", "Its addresses."),
    (
        "group",
        "",
        "A group that policies name. `owners` is always there. One that goes from the file stays.",
    ),
    ("group", "name", "Its name: `Group::\"staff\"`."),
    ("group", "title", "What pages show."),
    (
        "group",
        "parents",
        "Groups that its members are in as well.",
    ),
    (
        "app",
        "",
        "An app behind the gate. The file owns all of them.",
    ),
    ("app", "name", "Its name: `App::\"wiki\"`."),
    ("app", "host", "Where people reach it: a host of its own."),
    (
        "app",
        "upstream",
        "Where its requests go. One of this, `upstreams` and `built_in`.",
    ),
    (
        "app",
        "upstreams",
        "Several servers, each of which takes its share of the requests.",
    ),
    ("app", "built_in", "One of Gatewright's own pages."),
    (
        "app",
        "start",
        "Instead of host and servers: an app that is not behind this door, by the address where people begin. They sign in to it through a client.",
    ),
    (
        "app",
        "protocol",
        "What is spoken with servers over TLS and over Unix sockets; over TLS, `auto` is what the server prefers, else HTTP/1.1.",
    ),
    ("app", "title", "What pages show; the name where absent."),
    ("app", "description", "A line about it in the portal."),
    (
        "app",
        "tags",
        "For policies: `resource in Tag::\"crown-jewel\"`.",
    ),
    (
        "app",
        "attributes",
        "For policies: `resource.app.getTag(\"owner\")`.",
    ),
    (
        "app",
        "time_zone",
        "Of its `context.time`; the organisation's where absent.",
    ),
    ("app", "in_portal", "Whether the portal shows it."),
    (
        "app",
        "preserve_host",
        "Whether the upstream sees the host that was asked for.",
    ),
    (
        "app.upstream_tls",
        "",
        "How servers at `https://` are believed (docs/upstreams.md). Files are followed.",
    ),
    (
        "app.upstream_tls",
        "ca",
        "Authorities in PEM form; the system's where absent.",
    ),
    (
        "app.upstream_tls",
        "certificate",
        "A certificate to show to servers that ask, with its key.",
    ),
    ("app.upstream_tls", "key", "Its key."),
    (
        "app.upstream_tls",
        "server_name",
        "The name in their certificate; the address's where absent.",
    ),
    (
        "app.upstream_tls",
        "dangerous_accept_any_certificate",
        "Believes whoever answers: anybody on the way can be the server.",
    ),
    (
        "app.health",
        "",
        "Whether each server is well, asked again and again. Not asked where the table is absent.",
    ),
    (
        "app.health",
        "path",
        "What is asked for; an answer below 400 is well.",
    ),
    ("app.health", "interval", "How often."),
    (
        "app.limits",
        "",
        "Bounds of this app's own (docs/upstreams.md#bounds).",
    ),
    (
        "app.limits",
        "connect",
        "The time for a connection; 5s where absent.",
    ),
    (
        "app.limits",
        "first_byte",
        "The time for the first byte of an answer after the client's last; 120s where absent.",
    ),
    (
        "app.limits",
        "response_idle",
        "How long an answer's body may be silent; without end where absent.",
    ),
    (
        "app.limits",
        "request_body",
        "The largest request body; none where absent.",
    ),
    (
        "app.limits",
        "answer_head",
        "The largest head of an answer, 8KiB to 1MiB; 64KiB where absent.",
    ),
    (
        "app.identity_headers",
        "",
        "Plain headers for apps that cannot verify the assertion. Their names say that somebody is named, as `x-forwarded-user` does; those that mean something else to servers are refused. An app that believes in any gets none of a client's headers with a part, between dashes or other marks, that ends in a word for people or what they may do: `user`, `login`, `email`, `group`, `role`, `subject`, `principal`, `identity`, `member`, `admin` and their like.",
    ),
    (
        "app.identity_headers",
        "user",
        "The header that names the person.",
    ),
    (
        "app.identity_headers",
        "email",
        "The one with their address, where somebody made sure that it is theirs.",
    ),
    (
        "app.identity_headers",
        "groups",
        "The one with their groups.",
    ),
    (
        "app.route",
        "",
        "A part of an app that policies name; what matches none is the route `default`.",
    ),
    ("app.route", "name", "Its name: `Route::\"wiki/editor\"`."),
    (
        "app.route",
        "paths",
        "Its paths; `*` stands for the rest, or for one part.",
    ),
    ("app.route", "methods", "Its methods; all where empty."),
    ("app.route", "tags", "For policies, beside the app's."),
    (
        "app.route",
        "credential",
        "What it takes: the session of whoever is signed in, or an access token that is addressed to the app.",
    ),
    (
        "app.route",
        "scopes",
        "What an access token must be good for, all of it.",
    ),
    (
        "app.route",
        "sender_constrained",
        "Whether an access token must be bound to a key of whoever shows it.",
    ),
    (
        "app.route",
        "authorization",
        "What becomes of an `Authorization` header: on a cookie route it is the app's own and passes, on a bearer route it stays here, where nothing else is said.",
    ),
    (
        "app.route",
        "origins",
        "Other origins whose pages may call it with the person's cookie.",
    ),
    (
        "app.route",
        "recorded_parameters",
        "Query parameters that the ledger may hold.",
    ),
    (
        "app.route",
        "accept_encoded_slash",
        "Whether `%2F` may be in a path, and with it `//`, `;` and what is encoded twice; however an app reads it, it must belong to this route.",
    ),
    (
        "app.route",
        "accept_override_headers",
        "Whether `X-HTTP-Method-Override` and its kin pass.",
    ),
    (
        "app.route",
        "upgrades",
        "What its connections may become; others than WebSocket pass as raw bytes.",
    ),
];

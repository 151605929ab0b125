//! How much is read of what comes from outside.

/// The longest message in bytes, after base64 and inflation.
pub const MESSAGE_MAX_BYTES: usize = 256 * 1024;
/// The longest metadata document in bytes.
pub const METADATA_MAX_BYTES: usize = 2 * 1024 * 1024;
/// The longest query string or form body in bytes.
pub const TRANSPORT_MAX_BYTES: usize = 512 * 1024;
/// The most parameters of a query string or form.
pub const PARAMETERS_MAX: usize = 32;
/// The longest `RelayState` that we send, in bytes (Bindings 3.4.3, 3.5.3).
pub const RELAY_STATE_MAX_BYTES: usize = 80;
/// The longest `RelayState` that is taken, in bytes: real peers do not keep to 80.
pub const RELAY_STATE_RECEIVED_MAX_BYTES: usize = 1024;

/// How deep elements may be nested.
pub const DEPTH_MAX: usize = 24;
/// The most elements of a message.
pub const ELEMENTS_MAX: usize = 4096;
/// The most elements of a metadata document.
pub const METADATA_ELEMENTS_MAX: usize = 32 * 1024;
/// The most attributes of an element, namespace declarations among them.
pub const XML_ATTRIBUTES_MAX: usize = 48;
/// The longest name of an element or attribute in bytes, prefix included.
pub const NAME_MAX_BYTES: usize = 128;
/// The longest value of an attribute in bytes.
pub const VALUE_MAX_BYTES: usize = 4096;
/// The longest namespace in bytes; canonical XML may repeat it for every element.
pub const NAMESPACE_MAX_BYTES: usize = 256;
/// The most namespace declarations around and on an element together; each prefix is looked up
/// among them.
pub const DECLARATIONS_MAX: usize = 64;
/// The most prefixes in an `InclusiveNamespaces` list.
pub const INCLUSIVE_PREFIXES_MAX: usize = 16;

/// The longest entity id in bytes (Core 8.3.6).
pub const ENTITY_ID_MAX_BYTES: usize = 1024;
/// The longest message id in bytes.
pub const ID_MAX_BYTES: usize = 256;
/// The longest identifier of a person in bytes.
pub const NAME_ID_MAX_BYTES: usize = 1024;
/// The most SAML attributes of an assertion.
pub const ATTRIBUTES_MAX: usize = 128;
/// The most values of all attributes of an assertion together.
pub const ATTRIBUTE_VALUES_MAX: usize = 2048;
/// The most session indexes of a logout request.
pub const SESSION_INDEXES_MAX: usize = 64;
/// The most certificates of one use and one entity; a signature is tried with each.
pub const CERTIFICATES_MAX: usize = 8;
/// The most endpoints of one kind in a metadata document.
pub const ENDPOINTS_MAX: usize = 64;

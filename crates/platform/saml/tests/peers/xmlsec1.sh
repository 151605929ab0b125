#!/bin/sh
# Debian's xmlsec1 verifies what saml_peer signs, Response and Assertion, each by its id.
# usage: xmlsec1.sh RESPONSE.xml IDP.crt RESPONSE_ID ASSERTION_ID
set -eu
response=$1 certificate=$2 response_id=$3 assertion_id=$4
verify() {
	# The signature that is right in the element of this id.
	xmlsec1 --verify --enabled-key-data x509 --pubkey-cert-pem "$certificate" \
		--id-attr:ID urn:oasis:names:tc:SAML:2.0:protocol:Response \
		--id-attr:ID urn:oasis:names:tc:SAML:2.0:assertion:Assertion \
		--node-xpath "//*[@ID='$1']/*[local-name()='Signature']" "$response"
}
verify "$response_id"
verify "$assertion_id"
sed 's/>ana</>eve</' "$response" > "$response.forged"
if (response="$response.forged"; verify "$assertion_id") 2>/dev/null; then
	echo "a forged response was verified" >&2
	exit 1
fi
echo "xmlsec1: both signatures hold, a forged one does not"

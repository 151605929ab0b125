"""pysaml2 as an app's service provider, for the end-to-end tests.

usage: saml_sp.py FOLDER NAME PORT

FOLDER has `NAME-signing.key` and `NAME-signing.crt`, gets the app's metadata as `NAME.xml`, and
has Gatewright's as `idp.xml` before anybody comes. Needs pysaml2 and xmlsec1.
"""

import html
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import saml2.metadata
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.saml import NAMEID_FORMAT_PERSISTENT
from saml2.time_util import in_a_while

FOLDER, NAME, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
BASE = f"http://127.0.0.1:{PORT}"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


def path(name):
    return os.path.join(FOLDER, name)


def config(metadata):
    sp = {
        "endpoints": {
            "assertion_consumer_service": [(f"{BASE}/acs", BINDING_HTTP_POST)],
            "single_logout_service": [(f"{BASE}/slo", BINDING_HTTP_REDIRECT)],
        },
        "authn_requests_signed": True, "logout_requests_signed": True, "want_response_signed": True,
        "want_assertions_signed": True, "allow_unsolicited": False, "name_id_format": [NAMEID_FORMAT_PERSISTENT],
        "signing_algorithm": RSA_SHA256, "digest_algorithm": SHA256,
    }
    return SPConfig().load({
        "entityid": f"{BASE}/metadata", "xmlsec_binary": "/usr/bin/xmlsec1",
        "key_file": path(f"{NAME}-signing.key"), "cert_file": path(f"{NAME}-signing.crt"),
        "allow_unknown_attributes": True, "metadata": metadata, "service": {"sp": sp},
    })


class Handler(BaseHTTPRequestHandler):
    client = None
    outstanding = {}
    last = None

    def known(self):
        if Handler.client is None:
            with open(path("idp.xml"), encoding="utf-8") as file:
                Handler.client = Saml2Client(config=config({"inline": [file.read()]}))
        return Handler.client

    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        getattr(self, url.path.strip("/"), self.nothing)(query)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        try:
            answer = self.known().parse_authn_request_response(
                form["SAMLResponse"], BINDING_HTTP_POST, outstanding=Handler.outstanding)
        except Exception as fault:  # Whatever it is, the page says so.
            self.page(f"Not in: {fault!r}")
            return
        Handler.outstanding.pop(answer.in_response_to)
        Handler.last = answer.name_id
        said = " ".join(f"{name}={','.join(values)}" for name, values in sorted(answer.ava.items()))
        self.page(f"Hello {answer.name_id.text} {said}")

    def login(self, _query):
        request, info = self.known().prepare_for_authenticate(
            binding=BINDING_HTTP_REDIRECT, relay_state="state", sign=True, sigalg=RSA_SHA256)
        Handler.outstanding[request] = "/"
        self.sent_on(dict(info["headers"])["Location"])

    def logout(self, _query):
        idp = next(iter(self.known().metadata.keys()))
        asked = self.known().do_logout(
            Handler.last, [idp], "user", in_a_while(minutes=5), sign=True, sign_alg=RSA_SHA256, digest_alg=SHA256,
            expected_binding=BINDING_HTTP_REDIRECT)
        self.sent_on(dict(asked[idp][1]["headers"])["Location"])

    def slo(self, query):
        done = self.known().parse_logout_request_response(query["SAMLResponse"], BINDING_HTTP_REDIRECT)
        self.page(f"Signed out everywhere: {done.status_ok()}")

    def nothing(self, _query):
        self.send_error(404)

    def page(self, text):
        body = f'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><main>{html.escape(text)}</main>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def sent_on(self, address):
        self.send_response(303)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


with open(path(f"{NAME}.xml"), "w", encoding="utf-8") as file:
    file.write(str(saml2.metadata.entity_descriptor(config({}))))
server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
print("ready", flush=True)
server.serve_forever()

"""pysaml2 as an organisation's identity provider, for the end-to-end tests.

usage: saml_idp.py FOLDER PORT PEOPLE

FOLDER gets `idp.xml`, and `sp.xml` has to be there before anybody comes; PEOPLE is a JSON object
from names to their groups. Needs pysaml2 and xmlsec1. Whoever types a name is that person.
"""

import base64
import html
import json
import os
import re
import subprocess
import sys
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import saml2.metadata
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.samlp import STATUS_AUTHN_FAILED
from saml2.server import Server

FOLDER, PORT, PEOPLE = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
BASE = f"http://127.0.0.1:{PORT}"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
TWO_FACTORS = "https://refeds.org/profile/mfa"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


def path(name):
    return os.path.join(FOLDER, name)


def config(inline):
    endpoints = {
        "single_sign_on_service": [(f"{BASE}/sso", BINDING_HTTP_REDIRECT)],
        "single_logout_service": [(f"{BASE}/slo", BINDING_HTTP_REDIRECT)],
    }
    idp = {
        "endpoints": endpoints, "want_authn_requests_signed": True, "sign_response": True,
        "sign_assertion": True, "name_id_format": [NAMEID_FORMAT_PERSISTENT],
        # Its default is SHA-1.
        "signing_algorithm": RSA_SHA256, "digest_algorithm": SHA256,
        "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None,
                               "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"}},
    }
    return IdPConfig().load({
        "entityid": f"{BASE}/metadata", "xmlsec_binary": "/usr/bin/xmlsec1",
        "key_file": path("idp.key"), "cert_file": path("idp.crt"),
        "allow_unknown_attributes": True, "metadata": {"inline": inline}, "service": {"idp": idp},
    })


class Provider:
    """What is known once Gatewright's metadata is there."""

    def __init__(self):
        with open(path("sp.xml"), encoding="utf-8") as file:
            self.server = Server(config=config([file.read()]))
        self.sp = next(iter(self.server.metadata.keys()))
        self.sessions = {}

    def asked(self, query):
        """A request, its signature checked."""
        return self.server.parse_authn_request(
            query["SAMLRequest"], BINDING_HTTP_REDIRECT, relay_state=query.get("RelayState"),
            sigalg=query["SigAlg"], signature=query["Signature"]).message

    def name_id(self, who):
        return NameID(format=NAMEID_FORMAT_PERSISTENT, sp_name_qualifier=self.sp, text=f"id-of-{who}")

    def answer(self, who, request=None, how=PASSWORD):
        consumer = self.server.metadata.assertion_consumer_service(self.sp, BINDING_HTTP_POST)[0]["location"]
        response = str(self.server.create_authn_response(
            {"uid": [who], "displayName": [who.title()], "mail": [f"{who}@corp.test"], "groups": PEOPLE[who]},
            in_response_to=request.id if request else None, destination=consumer, sp_entity_id=self.sp,
            name_id=self.name_id(who), authn={"class_ref": how, "authn_auth": BASE},
            sign_response=True, sign_assertion=True, sign_alg=RSA_SHA256, digest_alg=SHA256))
        self.sessions[who] = re.search(r'SessionIndex="([^"]+)"', response).group(1)
        return consumer, {"SAMLResponse": response}

    def refusal(self, request):
        consumer = request.assertion_consumer_service_url
        response = self.server.create_error_response(
            request.id, consumer, (STATUS_AUTHN_FAILED, "nobody"), sign=True,
            sign_alg=RSA_SHA256, digest_alg=SHA256)
        return consumer, {"SAMLResponse": str(response)}

    def sent_by_redirect(self, message, destination, response=False):
        info = self.server.apply_binding(BINDING_HTTP_REDIRECT, str(message), destination, "state",
                                         response=response, sign=True, sigalg=RSA_SHA256)
        return dict(info["headers"])["Location"]

    def logout_url(self):
        return self.server.metadata.single_logout_service(self.sp, BINDING_HTTP_REDIRECT, "spsso")[0]["location"]

    def logout(self, who):
        """The way to Gatewright, where somebody signs out here."""
        _, request = self.server.create_logout_request(
            self.logout_url(), self.sp, name_id=self.name_id(who), session_indexes=[self.sessions[who]], sign=False)
        return self.sent_by_redirect(request, self.logout_url())

    def asked_to_log_out(self, query):
        """The way back to Gatewright, which asked."""
        got = self.server.parse_logout_request(
            query["SAMLRequest"], BINDING_HTTP_REDIRECT, relay_state=query.get("RelayState"),
            sigalg=query["SigAlg"], signature=query["Signature"]).message
        assert got.name_id.text.startswith("id-of-"), got.name_id
        response = self.server.create_logout_response(got, [BINDING_HTTP_REDIRECT], sign=False)
        return self.sent_by_redirect(response, self.logout_url(), response=True)


class Handler(BaseHTTPRequestHandler):
    provider = None

    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if Handler.provider is None:
            Handler.provider = Provider()
        getattr(self, url.path.strip("/").replace("-", "_"), self.nothing)(query)

    def do_POST(self):
        """A name was typed."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        query = {name: values[0] for name, values in parse_qs(form["asked"]).items()}
        if form["login"] not in PEOPLE:
            self.posting(*self.provider.refusal(self.provider.asked(query)))
            return
        self.signed_in(form["login"], self.provider.asked(query))

    def sso(self, query):
        request = self.provider.asked(query)
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("who")
        if cookie and request.force_authn != "true":
            self.signed_in(cookie.value, request)
            return
        asked = html.escape(urlsplit(self.path).query)
        self.page(f'<h1>Corp</h1><form method="post" action="/login"><input name="login">'
                  f'<input type="hidden" name="asked" value="{asked}"><button>Sign in</button></form>')

    def signed_in(self, who, request):
        context = request.requested_authn_context
        wanted = [one.text for one in context.authn_context_class_ref] if context else []
        how = TWO_FACTORS if TWO_FACTORS in wanted else PASSWORD
        self.posting(*self.provider.answer(who, request, how), cookie=f"who={who}; Path=/")

    def unsolicited(self, query):
        self.posting(*self.provider.answer(query["who"]))

    def forget(self, _query):
        self.page("<h1>Signed out at Corp</h1>", cookie="who=; Path=/; Max-Age=0")

    def start_logout(self, query):
        self.sent_on(self.provider.logout(query["who"]))

    def slo(self, query):
        if "SAMLResponse" in query:
            done = self.provider.server.parse_logout_request_response(query["SAMLResponse"], BINDING_HTTP_REDIRECT)
            self.page(f"<h1>Signed out everywhere: {done.status_ok()}</h1>", cookie="who=; Path=/; Max-Age=0")
            return
        self.sent_on(self.provider.asked_to_log_out(query), cookie="who=; Path=/; Max-Age=0")

    def nothing(self, _query):
        self.send_error(404)

    def posting(self, action, fields, cookie=None):
        """A page whose form goes on by itself."""
        inputs = "".join(
            f'<input type="hidden" name="{name}" value="{base64.b64encode(xml.encode()).decode()}">'
            for name, xml in fields.items())
        self.page(f'<form method="post" action="{html.escape(action)}">{inputs}</form>'
                  "<script>document.forms[0].submit()</script>", cookie)

    def page(self, text, cookie=None):
        body = f'<!doctype html><meta charset="utf-8"><title>Corp</title><link rel="icon" href="data:,">{text}'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(body)

    def sent_on(self, url, cookie=None):
        self.send_response(302)
        self.send_header("Location", url)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()

    def log_message(self, *_):
        pass


subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=corp",
                "-keyout", path("idp.key"), "-out", path("idp.crt")], check=True, stderr=subprocess.DEVNULL)
with open(path("idp.xml"), "w", encoding="utf-8") as file:
    file.write(str(saml2.metadata.entity_descriptor(config([]))))
server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
print("ready", flush=True)
server.serve_forever()

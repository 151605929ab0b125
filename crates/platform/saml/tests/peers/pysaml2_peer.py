"""pysaml2 as service provider and as identity provider, against saml_peer.

usage: pysaml2_peer.py SAML_PEER FOLDER

Needs pysaml2 7.5.5 and xmlsec1. FOLDER is a scratch folder; nothing listens anywhere.
"""

import base64
import json
import logging
import os
import subprocess
import sys
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import saml2.entity
import saml2.metadata
import saml2.sigver
import saml2.xml.schema
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import IdPConfig, SPConfig
from saml2.saml import NAMEID_FORMAT_UNSPECIFIED, NameID
from saml2.server import Server
from saml2.sigver import SignatureError

logging.disable(logging.CRITICAL)  # it is loud about forged messages, which are meant here

PEER, FOLDER = sys.argv[1], sys.argv[2]
BASE = "http://127.0.0.1:18601"
# Its default is SHA-1, which we refuse.
ALGORITHMS = {"signing_algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
              "digest_algorithm": "http://www.w3.org/2001/04/xmlenc#sha256"}
HERE = os.path.dirname(os.path.abspath(__file__))


def peer(command, *arguments, data=""):
    run = subprocess.run(
        [PEER, command, FOLDER, str(int(time.time())), *arguments],
        input=data, capture_output=True, text=True, timeout=60, check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def path(name):
    return os.path.join(FOLDER, name)


def write(name, text):
    with open(path(name), "w", encoding="utf-8") as file:
        file.write(text)
    return path(name)


def query(url):
    return urlsplit(url).query


def one(url, name):
    return parse_qs(query(url))[name][0]


def common(role, other):
    return {
        "entityid": f"{BASE}/{role}", "xmlsec_binary": "/usr/bin/xmlsec1",
        "allow_unknown_attributes": True,
        "key_file": path("pysaml2.key"), "cert_file": path("pysaml2.crt"),
        "encryption_keypairs": [{"key_file": path("pysaml2.key"), "cert_file": path("pysaml2.crt")}],
        "metadata": {"inline": [other]},
    }


def service(idp):
    endpoints = {
        "assertion_consumer_service": [(f"{BASE}/sp/acs", BINDING_HTTP_POST)],
        "single_logout_service": [(f"{BASE}/sp/slo", BINDING_HTTP_REDIRECT)],
    }
    return SPConfig().load(common("sp", idp) | {"service": {"sp": ALGORITHMS | {
        "endpoints": endpoints, "authn_requests_signed": True, "logout_requests_signed": True,
        "want_response_signed": False, "want_assertions_signed": True, "allow_unsolicited": False,
    }}})


def provider(sp):
    endpoints = {
        "single_sign_on_service": [(f"{BASE}/idp/sso", BINDING_HTTP_REDIRECT), (f"{BASE}/idp/sso", BINDING_HTTP_POST)],
        "single_logout_service": [(f"{BASE}/idp/slo", BINDING_HTTP_REDIRECT)],
    }
    policy = {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None,
                          "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"}}
    return IdPConfig().load(common("idp", sp) | {"service": {"idp": ALGORITHMS | {
        "endpoints": endpoints, "policy": policy, "sign_response": True, "sign_assertion": True,
        "want_authn_requests_signed": True, "name_id_format": [NAMEID_FORMAT_UNSPECIFIED],
    }}})


def encrypt_by(cipher, key_type):
    """It has 3DES hard-wired; what it takes to have it encrypt otherwise."""
    plain = saml2.sigver.pre_encryption_part
    saml2.entity.pre_encryption_part = lambda **more: plain(msg_enc=cipher, **more)
    for kind in (saml2.sigver.SecurityContext, saml2.sigver.CryptoBackendXmlSec1):
        own = kind.encrypt_assertion
        own.__defaults__ = (key_type, *own.__defaults__[1:])


def validated(xml):
    """Against OASIS's and W3C's schemas, which pysaml2 brings."""
    saml2.xml.schema.validate(xml)
    return xml


def metadata_of(config):
    return str(saml2.metadata.entity_descriptor(config))


def ours_as_provider():
    config = service(validated(peer("metadata", "idp")["xml"]))
    theirs = write("pysaml2-sp.xml", metadata_of(config))
    for binding in (BINDING_HTTP_REDIRECT, BINDING_HTTP_POST):
        for shape in ("assertion", "response", "encrypted"):
            client = Saml2Client(config=config)
            request_id, info = client.prepare_for_authenticate(binding=binding, relay_state="rs1")
            if binding == BINDING_HTTP_REDIRECT:
                data = query(dict(info["headers"])["Location"])
            else:
                page = info["data"]
                value = page.split('name="SAMLRequest" value="')[1].split('"')[0]
                data = "post:" + urlencode({"SAMLRequest": value, "RelayState": "rs1"})
            answer = peer("answer", theirs, shape, data=data)
            assert "error" not in answer, answer
            assert answer["action"] == f"{BASE}/sp/acs" and answer["form"]["RelayState"] == "rs1", answer
            form = answer["form"]["SAMLResponse"]
            took = client.parse_authn_request_response(form, BINDING_HTTP_POST, outstanding={request_id: "/"})
            assert took.name_id.text == "ana" and took.ava == {"groups": ["staff", "ops & <more>"]}, took.ava
            print(f"pysaml2 SP takes our {shape} after a request by {binding.rsplit(':')[-1]}")
            validated(base64.b64decode(form).decode())
            if shape == "encrypted":
                continue
            xml = base64.b64decode(form).decode()
            assert b"ana" in base64.b64decode(form)
            forged = base64.b64encode(xml.replace(">ana<", ">eve<").encode()).decode()
            try:
                client.parse_authn_request_response(forged, BINDING_HTTP_POST, outstanding={request_id: "/"})
                raise AssertionError("a forged response was taken")
            except SignatureError:
                pass
            if shape == "response":
                file = write("response.xml", xml)
                script = [os.path.join(HERE, "xmlsec1.sh"), file, path("idp.crt"), answer["response_id"], answer["assertion_id"]]
                subprocess.run(script, check=True, timeout=60, stderr=subprocess.DEVNULL)
    # Another service's request is refused.
    other = peer("answer", theirs, "response", data=query(peer("ask", "redirect", write("own-idp.xml", peer("metadata", "idp")["xml"]))["url"]))
    assert "error" in other, other
    # Logout, asked by them.
    client = Saml2Client(config=config)
    request_id, request = client.create_logout_request(
        "http://127.0.0.1:18600/idp/slo", "http://127.0.0.1:18600/idp",
        name_id=NameID(format=NAMEID_FORMAT_UNSPECIFIED, text="ana"), session_indexes=["session-1"], sign=False)
    info = client.apply_binding(BINDING_HTTP_REDIRECT, str(request), "http://127.0.0.1:18600/idp/slo", "rs1", sign=True,
                                sigalg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
    done = peer("logout-answer", "idp", theirs, data=query(dict(info["headers"])["Location"]))
    assert done.get("name_id") == "ana" and done["sessions"] == ["session-1"], done
    took = client.parse_logout_request_response(one(done["url"], "SAMLResponse"), BINDING_HTTP_REDIRECT)
    assert took.in_response_to == request_id and took.status_ok()
    print("pysaml2 SP logs out at our IdP")


def ours_as_service():
    config = provider(validated(peer("metadata", "sp")["xml"]))
    theirs = write("pysaml2-idp.xml", metadata_of(config))
    for binding in ("redirect", "post"):
        for cipher, key_type in (
            (None, None),
            ("http://www.w3.org/2001/04/xmlenc#tripledes-cbc", "des-192"),
            ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "aes-256"),
            ("http://www.w3.org/2009/xmlenc11#aes256-gcm", "aes-256"),
        ):
            encrypted = cipher is not None
            if encrypted:
                encrypt_by(cipher, key_type)
            server = Server(config=config)
            asked = peer("ask", binding, theirs)
            if binding == "redirect":
                parts = {name: values[0] for name, values in parse_qs(query(asked["url"])).items()}
                got = server.parse_authn_request(parts["SAMLRequest"], BINDING_HTTP_REDIRECT, relay_state=parts["RelayState"],
                                                 sigalg=parts["SigAlg"], signature=parts["Signature"])
            else:
                validated(base64.b64decode(asked["form"]["SAMLRequest"]).decode())
                got = server.parse_authn_request(asked["form"]["SAMLRequest"], BINDING_HTTP_POST)
            assert got.message.id == asked["id"]
            arguments = server.response_args(got.message, [BINDING_HTTP_POST])
            response = server.create_authn_response(
                {"mail": ["ana@lab.test"], "groups": ["staff", "ops & <more>"]}, userid="ana",
                name_id=NameID(format=NAMEID_FORMAT_UNSPECIFIED, text="ana"),
                authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": config.entityid},
                sign_response=True, sign_assertion=True, encrypt_assertion=encrypted,
                sign_alg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                digest_alg="http://www.w3.org/2001/04/xmlenc#sha256", **arguments)
            form = urlencode({"SAMLResponse": base64.b64encode(str(response).encode()).decode(), "RelayState": "rs1"})
            took = peer("accept", theirs, asked["id"], data=form)
            if key_type == "des-192":
                assert "tripledes" in took["error"], took
                continue
            assert took.get("name_id") == "ana" and took["groups"] == ["staff", "ops & <more>"], took
            assert took["was_encrypted"] == encrypted, took
            assert "error" in peer("accept", theirs, "_another", data=form)
            print(f"we take pysaml2's response after a request by {binding}, encrypted by {cipher}")
            session = took["session"]
    # Logout, asked by us.
    server = Server(config=config)
    asked = peer("logout-ask", "sp", theirs, data=session or "none")
    parts = {name: values[0] for name, values in parse_qs(query(asked["url"])).items()}
    got = server.parse_logout_request(parts["SAMLRequest"], BINDING_HTTP_REDIRECT, relay_state=parts["RelayState"],
                                      sigalg=parts["SigAlg"], signature=parts["Signature"])
    assert got.message.name_id.text == "ana"
    response = server.create_logout_response(got.message, [BINDING_HTTP_REDIRECT], sign=False)
    info = server.apply_binding(BINDING_HTTP_REDIRECT, str(response), "http://127.0.0.1:18600/sp/slo", "rs1", response=True,
                                sign=True, sigalg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
    done = peer("logout-accept", theirs, asked["id"], data=query(dict(info["headers"])["Location"]))
    assert done == {"status": "Success"}, done
    print("pysaml2 IdP logs out for our SP")


peer("keys")
subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=pysaml2",
                "-keyout", path("pysaml2.key"), "-out", path("pysaml2.crt")], check=True, stderr=subprocess.DEVNULL)
ours_as_provider()
ours_as_service()
print("pysaml2: all good")

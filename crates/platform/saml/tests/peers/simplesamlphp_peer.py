"""SimpleSAMLphp as identity provider, with its login form, against saml_peer as service provider.

usage: simplesamlphp_peer.py SAML_PEER FOLDER [PORT]

Needs Debian's simplesamlphp, php-xml, php-mbstring and php-curl. FOLDER is a scratch folder; the
system's own configuration is not touched.
"""

import html
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from urllib.parse import urlencode, urljoin, urlsplit

PEER, FOLDER = sys.argv[1], os.path.abspath(sys.argv[2])
PORT = int(sys.argv[3]) if len(sys.argv) > 3 else 18604
BASE = f"http://127.0.0.1:{PORT}/simplesaml"
ROOT = os.path.join(FOLDER, "simplesamlphp")
METADATA = os.path.join(FOLDER, "simplesamlphp-idp.xml")

ROUTER = r"""<?php
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH); $www = '/usr/share/simplesamlphp/www';
if (!preg_match('#^/simplesaml(/.*?\.php)(/.*)?$#', $path, $m)) { http_response_code(404); return true; }
$_SERVER['SCRIPT_NAME'] = '/simplesaml'.$m[1]; $_SERVER['PHP_SELF'] = $path; $_SERVER['SCRIPT_FILENAME'] = $www.$m[1];
if (isset($m[2])) $_SERVER['PATH_INFO'] = $m[2]; else unset($_SERVER['PATH_INFO']);
chdir(dirname($www.$m[1])); require $www.$m[1];
"""
CONFIG = f"""<?php
$config = ['baseurlpath' => '{BASE}/', 'certdir' => '{ROOT}/cert/', 'metadatadir' => '{ROOT}/metadata/',
  'loggingdir' => '{ROOT}/log/', 'datadir' => '{ROOT}/data/', 'tempdir' => '{ROOT}/tmp',
  'attributenamemapdir' => '/etc/simplesamlphp/attributemap/', 'secretsalt' => 'only-for-tests',
  'auth.adminpassword' => 'only-for-tests', 'timezone' => 'UTC', 'enable.saml20-idp' => true,
  'module.enable' => ['exampleauth' => true], 'store.type' => 'phpsession', 'session.phpsession.savepath' => '{ROOT}/session',
  'session.cookie.secure' => false, 'session.phpsession.cookiename' => 'ssp', 'session.cookie.samesite' => null,
  'logging.handler' => 'errorlog', 'showerrors' => true, 'metadata.sources' => [['type' => 'flatfile']]];
"""
SOURCES = """<?php
$config = ['users' => ['exampleauth:UserPass', 'ana:ana-pw' => ['uid' => ['ana'], 'groups' => ['staff', 'ops & <more>']]]];
"""
HOSTED = """<?php
$metadata['__DYNAMIC:1__'] = ['host' => '__DEFAULT__', 'privatekey' => 'idp.key', 'certificate' => 'idp.crt', 'auth' => 'users',
  'saml20.sign.response' => %s, 'saml20.sign.assertion' => true, 'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'sign.logout' => true, 'validate.logout' => true, 'redirect.sign' => true, 'redirect.validate' => true,
  'NameIDFormat' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
  'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic'];
"""
REMOTE = """<?php
$metadata['http://127.0.0.1:18600/sp'] = ['AssertionConsumerService' => 'http://127.0.0.1:18600/sp/acs',
  'SingleLogoutService' => 'http://127.0.0.1:18600/sp/slo', 'simplesaml.nameidattribute' => 'uid',
  'NameIDFormat' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified', 'certData' => '%s', 'validate.authnrequest' => true,
  'assertion.encryption' => %s, 'sharedkey_algorithm' => '%s'];
"""


def peer(command, *arguments, data=""):
    run = subprocess.run([PEER, command, FOLDER, str(int(time.time())), *arguments],
                         input=data, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


class Browser:
    def __init__(self):
        self.cookies = {}

    def ask(self, method, url, body=None):
        parts = urlsplit(url)
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, f"{parts.path}?{parts.query}", body, headers)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        to = answer.headers.get("Location")
        return (urljoin(url, to) if to else None), answer.read().decode()

    def follow(self, url):
        """To the first page, or the first address elsewhere."""
        for _ in range(8):
            to, page = self.ask("GET", url)
            if to is None or not to.startswith(BASE):
                return to, page, url
            url = to
        raise AssertionError("too many redirections")


def value(page, name):
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page[:2000]
    return html.unescape(found.group(1))


def write(name, text):
    with open(os.path.join(ROOT, name), "w", encoding="utf-8") as file:
        file.write(text)


def configure(sign_response, cipher):
    certificate = "".join(line.strip() for line in open(os.path.join(FOLDER, "sp.crt"), encoding="ascii") if "-" not in line)
    write("metadata/saml20-idp-hosted.php", HOSTED % ("true" if sign_response else "false"))
    write("metadata/saml20-sp-remote.php", REMOTE % (certificate, "true" if cipher else "false", cipher or ""))


def prepare():
    shutil.rmtree(ROOT, ignore_errors=True)
    for name in ("config", "metadata", "cert", "log", "data", "tmp", "session"):
        os.makedirs(os.path.join(ROOT, name))
    peer("keys")
    write("router.php", ROUTER)
    write("config/config.php", CONFIG)
    write("config/authsources.php", SOURCES)
    configure(True, None)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=ssp",
                    "-keyout", f"{ROOT}/cert/idp.key", "-out", f"{ROOT}/cert/idp.crt"], check=True, stderr=subprocess.DEVNULL)


def wait_for_metadata():
    end = time.monotonic() + 30
    while True:
        try:
            _, page = Browser().ask("GET", f"{BASE}/saml2/idp/metadata.php")
            assert "EntityDescriptor" in page[:400], page[:400]
            return page
        except ConnectionError:
            assert time.monotonic() < end, "php does not answer"
            time.sleep(0.05)


def sign_in():
    browser = Browser()
    asked = peer("ask", "redirect", METADATA)
    to, page, at = browser.follow(asked["url"])
    form = {"username": "ana", "password": "ana-pw", "AuthState": value(page, "AuthState")}
    to, page = browser.ask("POST", at, urlencode(form))
    if to:
        to, page, at = browser.follow(to)
    answer = urlencode({"SAMLResponse": value(page, "SAMLResponse"), "RelayState": value(page, "RelayState")})
    return browser, peer("accept", METADATA, asked["id"], data=answer)


def main():
    with open(METADATA, "w", encoding="utf-8") as file:
        file.write(wait_for_metadata())
    cbc, gcm = "http://www.w3.org/2001/04/xmlenc#aes256-cbc", "http://www.w3.org/2009/xmlenc11#aes256-gcm"
    for signed, cipher in ((True, None), (False, None), (True, cbc), (True, gcm)):
        configure(signed, cipher)
        browser, took = sign_in()
        assert took.get("name_id") == "ana" and took["groups"] == ["staff", "ops & <more>"], took
        assert took["was_encrypted"] == bool(cipher), took
        print(f"we take SimpleSAMLphp's response, signed as a whole: {signed}, encrypted by {cipher}")
        asked = peer("logout-ask", "sp", METADATA, data=took["session"])
        to, page, _ = browser.follow(asked["url"])
        assert to and to.startswith("http://127.0.0.1:18600/sp/slo?"), (to, page[:3000])
        done = peer("logout-accept", METADATA, asked["id"], data=urlsplit(to).query)
        assert done == {"status": "Success"}, done
        print("SimpleSAMLphp logs out for our SP")
    print("SimpleSAMLphp: all good")


prepare()
SERVER = subprocess.Popen(
    ["php", "-d", f"session.save_path={ROOT}/session", "-S", f"127.0.0.1:{PORT}", os.path.join(ROOT, "router.php")],
    env=os.environ | {"SIMPLESAMLPHP_CONFIG_DIR": os.path.join(ROOT, "config")},
    stdout=subprocess.DEVNULL, stderr=open(os.path.join(ROOT, "log", "php.log"), "w", encoding="utf-8"))
try:
    main()
finally:
    SERVER.send_signal(signal.SIGTERM)
    SERVER.wait(10)

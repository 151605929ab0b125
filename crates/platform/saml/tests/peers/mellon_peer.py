"""Apache's mod_auth_mellon (lasso) as service provider of our identity provider.

usage: mellon_peer.py SAML_PEER FOLDER [PORT]

Needs Debian's apache2 and libapache2-mod-auth-mellon, and root to start it. FOLDER is a scratch
folder that www-data can reach; the system's own Apache configuration is neither read nor touched.
"""

import html
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from urllib.parse import urlencode, urlsplit

PEER, FOLDER = sys.argv[1], os.path.abspath(sys.argv[2])
PORT = int(sys.argv[3]) if len(sys.argv) > 3 else 18603
BASE = f"http://127.0.0.1:{PORT}"
ROOT = os.path.join(FOLDER, "mellon")
MODULES = "/usr/lib/apache2/modules"

CONFIGURATION = f"""
ServerRoot {ROOT}
PidFile run/httpd.pid
DefaultRuntimeDir run
Mutex file:{ROOT}/run default
Listen 127.0.0.1:{PORT}
ServerName {BASE}
UseCanonicalName On
User www-data
Group www-data
ErrorLog logs/error.log
LogLevel warn
LoadModule mpm_prefork_module {MODULES}/mod_mpm_prefork.so
LoadModule authn_core_module {MODULES}/mod_authn_core.so
LoadModule authz_core_module {MODULES}/mod_authz_core.so
LoadModule authz_user_module {MODULES}/mod_authz_user.so
LoadModule dir_module {MODULES}/mod_dir.so
LoadModule mime_module {MODULES}/mod_mime.so
LoadModule include_module {MODULES}/mod_include.so
LoadModule auth_mellon_module {MODULES}/mod_auth_mellon.so
TypesConfig /etc/mime.types
DocumentRoot {ROOT}/htdocs
DirectoryIndex index.html
<Location />
  MellonEnable info
  MellonEndpointPath /mellon
  MellonSPentityId {BASE}/mellon/metadata
  MellonSPPrivateKeyFile {ROOT}/sp.key
  MellonSPCertFile {ROOT}/sp.crt
  MellonIdPMetadataFile {ROOT}/idp.xml
  MellonSecureCookie Off
  MellonUser NAME_ID
  MellonMergeEnvVars On ";"
</Location>
<Location /app>
  AuthType Mellon
  MellonEnable auth
  Require valid-user
  MellonCond groups staff [MAP]
  Options +Includes
  AddOutputFilter INCLUDES .html
</Location>
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
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer.status, answer.headers.get("Location"), answer.read().decode()

    def sign_in(self, shape):
        status, to, _ = self.ask("GET", f"{BASE}/app/index.html")
        assert status == 303 and "/mellon/login" in to, (status, to)
        status, to, _ = self.ask("GET", to)
        assert status == 303 and to.startswith("http://127.0.0.1:18600/idp/sso?"), (status, to)
        answer = peer("answer", METADATA, shape, data=urlsplit(to).query)
        assert "error" not in answer, answer
        status, to, page = self.ask("POST", answer["action"], urlencode(answer["form"]))
        return status, to, page

    def is_in(self):
        status, _, page = self.ask("GET", f"{BASE}/app/index.html")
        return status == 200 and page


def prepare():
    shutil.rmtree(ROOT, ignore_errors=True)
    for name in ("htdocs/app", "logs", "run"):
        os.makedirs(os.path.join(ROOT, name))
    for name in ("logs", "run"):
        shutil.chown(os.path.join(ROOT, name), "www-data")
    peer("keys")
    for name, text in (
        ("httpd.conf", CONFIGURATION),
        ("idp.xml", peer("metadata", "idp")["xml"]),
        ("htdocs/app/index.html", 'user=<!--#echo var="REMOTE_USER" --> groups=<!--#echo var="MELLON_groups" -->'),
    ):
        with open(os.path.join(ROOT, name), "w", encoding="utf-8") as file:
            file.write(text)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=mellon",
                    "-keyout", f"{ROOT}/sp.key", "-out", f"{ROOT}/sp.crt"], check=True, stderr=subprocess.DEVNULL)


def wait_until_ready():
    end = time.monotonic() + 20
    while True:
        try:
            status, _, page = Browser().ask("GET", f"{BASE}/mellon/metadata")
            assert status == 200, status
            return page
        except ConnectionError:
            assert time.monotonic() < end, "Apache does not answer"
            time.sleep(0.05)


def main():
    with open(METADATA, "w", encoding="utf-8") as file:
        file.write(wait_until_ready())
    for shape in ("assertion", "response", "encrypted"):
        browser = Browser()
        status, to, page = browser.sign_in(shape)
        assert status == 303 and to == f"{BASE}/app/index.html", (status, to, page)
        # Escaped by mod_include, and before that by lasso, which gives values as XML.
        page = html.unescape(html.unescape(browser.is_in()))
        assert page == "user=ana groups=staff;ops & <more>", page
        print(f"mod_auth_mellon takes our {shape}")
        if shape == "response":
            # Asked by it.
            status, to, _ = browser.ask("GET", f"{BASE}/mellon/logout?" + urlencode({"ReturnTo": f"{BASE}/"}))
            done = peer("logout-answer", "idp", METADATA, data=urlsplit(to).query)
            assert done["name_id"] == "ana" and done["sessions"] == ["session-1"], done
            status, to, _ = browser.ask("GET", done["url"])
            assert status == 303 and to == f"{BASE}/", (status, to)
        else:
            # Asked by us.
            asked = peer("logout-ask", "idp", METADATA, data="session-1")
            status, to, _ = browser.ask("GET", asked["url"])
            assert status == 303 and to.startswith("http://127.0.0.1:18600/idp/slo?"), (status, to)
            done = peer("logout-accept", METADATA, asked["id"], data=urlsplit(to).query)
            assert done == {"status": "Success"}, done
        assert not browser.is_in()
        print("mod_auth_mellon logs out")
    print("mod_auth_mellon: all good")


METADATA = os.path.join(FOLDER, "mellon-sp.xml")
prepare()
subprocess.run(["/usr/sbin/apache2", "-f", f"{ROOT}/httpd.conf"], check=True, timeout=30)
try:
    main()
finally:
    with open(f"{ROOT}/run/httpd.pid", encoding="ascii") as pid:
        os.kill(int(pid.read()), 15)

//! A real OpenLDAP in a folder of its own, on a loopback port of its own.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::house::PATIENCE;

const SLAPD: &str = "/usr/sbin/slapd";
const ADMIN: [&str; 5] = ["-x", "-D", "cn=admin,dc=lab,dc=test", "-w", "admin-pw"];

/// Of people in a directory, so many are loaded.
pub(crate) struct OpenLdap {
    folder: TempDir,
    process: Option<Child>,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
}

impl OpenLdap {
    /// Nothing where it is not installed.
    pub(crate) async fn start(people: usize) -> Option<Self> {
        Self::configured(people, "overlay syncprov\nsyncprov-sessionlog 1000\n").await
    }

    /// With other overlays on its database.
    pub(crate) async fn configured(people: usize, overlays: &str) -> Option<Self> {
        Self::with(people, "", overlays).await
    }

    /// One that takes by TLS only whom a certificate of its authority is of, and knows the account
    /// that reads by its subject.
    pub(crate) async fn demanding(people: usize) -> Option<Self> {
        let demands = "TLSVerifyClient demand\n\
             authz-regexp \"^cn=gatewright$\" \"uid=sync,dc=lab,dc=test\"\n";
        Self::with(people, demands, "").await
    }

    async fn with(people: usize, global: &str, overlays: &str) -> Option<Self> {
        if !Path::new(SLAPD).exists() {
            skipped();
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        fs::create_dir(folder.path().join("db")).unwrap();
        fs::write(
            folder.path().join("slapd.conf"),
            configuration(folder.path(), global, overlays),
        )
        .unwrap();
        fs::write(folder.path().join("base.ldif"), entries(people)).unwrap();
        let mut directory = Self {
            folder,
            process: None,
            port: free_port(),
            tls_port: free_port(),
        };
        directory
            .run(
                "/usr/sbin/slapadd",
                &["-q", "-f", "slapd.conf", "-l", "base.ldif"],
            )
            .await;
        directory.serve().await;
        Some(directory)
    }

    /// Begins to serve, again where it was stopped.
    pub(crate) async fn serve(&mut self) {
        let urls = format!(
            "ldap://127.0.0.1:{} ldaps://127.0.0.1:{}",
            self.port, self.tls_port
        );
        let process = Command::new(SLAPD)
            .args(["-d", "0", "-f", "slapd.conf", "-h", &urls])
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        self.process = Some(process);
        let waiting = async {
            while !is_open(self.port).await || !is_open(self.tls_port).await {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, waiting).await.expect("slapd serves");
    }

    pub(crate) async fn stop(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().await.unwrap();
    }

    pub(crate) fn plain(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    pub(crate) fn tls(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls_port)
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// A file of its folder: of who reads there is `reader.pem`, of somebody else by the same
    /// authority `nobody.pem`, by another one `stranger.pem`, each with its key beside it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes changes, as LDIF has them.
    pub(crate) async fn change(&self, ldif: &str) {
        let file = self.folder.path().join("change.ldif");
        fs::write(&file, ldif).unwrap();
        let url = self.plain();
        let mut arguments = ADMIN.to_vec();
        arguments.extend(["-H", &url, "-f", "change.ldif"]);
        self.run("/usr/bin/ldapmodify", &arguments).await;
    }

    async fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path());
        let output = command.output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program}: {said}");
    }
}

/// A group with these people, by the names that they sign in with; or entries, by theirs.
pub(crate) fn group(name: &str, members: &[&str]) -> String {
    let member = |name: &&str| match name.contains('=') {
        true => format!("member: {name}\n"),
        false => format!("member: uid={name},ou=people,dc=lab,dc=test\n"),
    };
    let members: String = members.iter().map(member).collect();
    format!(
        "dn: cn={name},ou=groups,dc=lab,dc=test\nchangetype: add\nobjectClass: groupOfNames\ncn: {name}\n{members}\n"
    )
}

pub(crate) fn person(name: &str) -> String {
    format!(
        "dn: uid={name},ou=people,dc=lab,dc=test\nchangetype: add\n{}",
        attributes(name)
    )
}

pub(crate) fn removed(rdn: &str) -> String {
    format!("dn: {rdn},dc=lab,dc=test\nchangetype: delete\n\n")
}

fn attributes(name: &str) -> String {
    format!(
        "objectClass: inetOrgPerson\nuid: {name}\ncn: {name} of the lab\nsn: {name}\nmail: {name}@lab.test\n\n"
    )
}

fn entries(people: usize) -> String {
    let mut ldif = String::from(
        "dn: dc=lab,dc=test\nobjectClass: dcObject\nobjectClass: organization\ndc: lab\no: lab\n\n\
         dn: ou=people,dc=lab,dc=test\nobjectClass: organizationalUnit\nou: people\n\n\
         dn: ou=groups,dc=lab,dc=test\nobjectClass: organizationalUnit\nou: groups\n\n\
         dn: uid=sync,dc=lab,dc=test\nobjectClass: account\nobjectClass: simpleSecurityObject\nuid: sync\nuserPassword: sync-pw\n\n",
    );
    for number in 0..people {
        let name = format!("p{number:04}");
        ldif.push_str(&format!(
            "dn: uid={name},ou=people,dc=lab,dc=test\n{}",
            attributes(&name)
        ));
    }
    ldif
}

fn configuration(folder: &Path, global: &str, overlays: &str) -> String {
    let folder = folder.display();
    format!(
        "include /etc/ldap/schema/core.schema\n\
         include /etc/ldap/schema/cosine.schema\n\
         include /etc/ldap/schema/nis.schema\n\
         include /etc/ldap/schema/inetorgperson.schema\n\
         modulepath /usr/lib/ldap\n\
         moduleload back_mdb\n\
         moduleload syncprov\n\
         moduleload memberof\n\
         moduleload refint\n\
         TLSCertificateFile {folder}/server.pem\n\
         TLSCertificateKeyFile {folder}/server.key\n\
         TLSCACertificateFile {folder}/ca.pem\n\
         {global}\
         sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited\n\
         access to attrs=userPassword by anonymous auth by * none\n\
         access to * by users read by anonymous auth\n\
         database mdb\n\
         suffix \"dc=lab,dc=test\"\n\
         rootdn \"cn=admin,dc=lab,dc=test\"\n\
         rootpw admin-pw\n\
         directory {folder}/db\n\
         maxsize 268435456\n\
         dbnosync\n\
         index objectClass,entryUUID,entryCSN,uid,cn eq\n\
         {overlays}"
    )
}

/// An authority, and the server's certificate by it; and another authority that nobody knows.
fn certificates(folder: &Path) {
    let (ca, other) = (
        authority("the lab's authority"),
        authority("somebody else's"),
    );
    fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
    fs::write(folder.join("other.pem"), other.pem()).unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    issue(
        folder,
        "server",
        CertificateParams::new(names).unwrap(),
        &ca,
    );
    for (file, name, by) in [
        ("reader", "gatewright", &ca),
        ("nobody", "nobody in particular", &ca),
        ("stranger", "gatewright", &other),
    ] {
        issue(folder, file, subject(name), by);
    }
}

pub(crate) fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = subject(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

pub(crate) fn subject(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Writes a certificate, and its key closed to others.
pub(crate) fn issue(
    folder: &Path,
    file: &str,
    params: CertificateParams,
    by: &CertifiedIssuer<'static, KeyPair>,
) {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, by).unwrap();
    fs::write(folder.join(format!("{file}.pem")), certificate.pem()).unwrap();
    let file = folder.join(format!("{file}.key"));
    fs::write(&file, key.serialize_pem()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[expect(
    clippy::disallowed_methods,
    reason = "whether the test's own server is up"
)]
async fn is_open(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).await.is_ok()
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn skipped() {
    eprintln!("skipped: slapd is not installed (scripts/setup-test.sh installs it)");
}

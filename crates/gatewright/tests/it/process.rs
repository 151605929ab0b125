//! `gatewright up --demo` as a whole process: what it says, what it answers, how it ends.

use std::{
    fs,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, ChildStdout, Stdio},
};

use crate::binary::{Said, gatewright, run};

pub(crate) struct Demo {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    folder: tempfile::TempDir,
    pub(crate) ports: [u16; 2],
    said: Vec<String>,
}

/// Two ports that nobody has at the moment. They lie below those that the system gives to outgoing
/// connections, so that no connection takes one before the demo does.
fn free_ports() -> [u16; 2] {
    let held = [(); 2].map(|()| {
        loop {
            let port = 20_000 + RandomState::new().hash_one(()) % 12_000;
            match TcpListener::bind(("127.0.0.1", u16::try_from(port).unwrap())) {
                Err(fault) if fault.kind() == ErrorKind::AddrInUse => {}
                bound => return bound.unwrap(),
            }
        }
    });
    held.map(|listener| listener.local_addr().unwrap().port())
}

impl Demo {
    fn start(folder: tempfile::TempDir, ports: [u16; 2]) -> Self {
        let mut child = gatewright(folder.path())
            .args(["up", "--demo", "--http-port", &ports[0].to_string()])
            .args(["--https-port", &ports[1].to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut demo = Self {
            child,
            lines,
            folder,
            ports,
            said: Vec::new(),
        };
        demo.line(|line| line.starts_with("tools"));
        demo
    }

    pub(crate) fn fresh() -> Self {
        Self::start(tempfile::tempdir().unwrap(), free_ports())
    }

    /// The next line that it says and that is wanted.
    fn line(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            self.said.push(line.clone());
            if wanted(&line) {
                return line;
            }
        }
        panic!("it ended, having said {:#?}", self.said)
    }

    fn command(&self, arguments: &[&str]) -> Said {
        run(self.folder.path(), arguments)
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let said = self.command(&[arguments, &["--json"]].concat());
        assert_eq!(said.code, Some(0), "{said:?}");
        serde_json::from_str(&said.out).unwrap()
    }

    /// The answer to one request, whole.
    #[expect(clippy::disallowed_methods, reason = "the test is the client")]
    fn get(&self, host: &str, path: &str) -> String {
        let address = SocketAddr::from(([127, 0, 0, 1], self.ports[0]));
        let mut stream = TcpStream::connect(address).unwrap();
        let port = self.ports[0];
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}.gatewright.localhost:{port}\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Tells it to end, and waits; gives back the folder.
    fn end(mut self) -> (Option<i32>, tempfile::TempDir) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let code = self.child.wait().unwrap().code();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        (code, folder)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn policies(demo: &Demo) -> std::path::PathBuf {
    demo.folder.path().join("demo-data/policies/demo.cedar")
}

#[test]
fn the_demo_says_what_to_open_answers_and_ends_in_order_with_its_data_kept() {
    let demo = Demo::fresh();
    let link = |name: &str, said: &[String]| {
        let line = said.iter().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    let ana = link("Ana", &demo.said);
    let path = ana
        .split_once(&format!(":{}", demo.ports[0]))
        .unwrap()
        .1
        .to_owned();
    let page = demo.get("auth", &path);
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("Sign in as Ana"),
        "{page}"
    );

    let away = demo.get("wiki", "/");
    assert!(away.starts_with("HTTP/1.1 303"), "{away}");
    let users = demo.json(&["user", "list"]);
    assert_eq!(users["items"].as_array().unwrap().len(), 3);
    let mut ports = demo.ports;
    let (code, folder) = demo.end();
    assert_eq!(code, Some(0));

    let verified = run(folder.path(), &["log", "verify", "--json"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    ports.reverse();
    let again = Demo::start(folder, ports);
    assert_ne!(link("Ana", &again.said), ana, "the link is a fresh one");
    assert_eq!(
        again.json(&["user", "list"])["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn an_edited_policy_is_applied_and_one_that_is_taken_away_waits_for_a_word() {
    let mut demo = Demo::fresh();
    let file = policies(&demo);
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        text.replace(
            "\"wiki-for-staff\")",
            "\"wiki-for-staff\") @description(\"edited\")",
        ),
    )
    .unwrap();
    demo.line(|line| line.contains("policies applied from the watched folder"));

    fs::write(&file, "").unwrap();
    let told = demo.line(|line| line.contains("takes away"));
    assert!(told.contains("policy apply"), "{told}");
    let refused = demo.command(&["policy", "apply", "demo-data/policies"]);
    assert_eq!(refused.code, Some(1), "nobody was there to be asked");
    assert!(refused.out.contains("lose wiki/default"), "{}", refused.out);
    assert_eq!(
        demo.json(&["policy", "history"])["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let applied = demo.command(&["policy", "apply", "demo-data/policies", "--yes"]);
    assert_eq!(applied.code, Some(0), "{applied:?}");

    fs::write(file.with_file_name("broken.cedar"), "permit (").unwrap();
    demo.line(|line| line.contains("broken.cedar:1:"));
    let history = demo.json(&["policy", "history"]);
    let items = history["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    let first = &items[2]["epoch"];
    let first = format!("{}.{}", first["incarnation"], first["number"]);
    let back = demo.command(&["policy", "rollback", &first, "--yes"]);
    assert!(back.out.contains("gain wiki/default"), "{back:?}");
}

#[test]
fn a_taken_port_is_named_and_nothing_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let squatter = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = squatter.local_addr().unwrap().port().to_string();
    let [free, _] = free_ports();
    let said = run(
        folder.path(),
        &[
            "up",
            "--demo",
            "--http-port",
            &free.to_string(),
            "--https-port",
            &taken,
        ],
    );
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains(&taken) && said.err.contains("--https-port"),
        "{}",
        said.err
    );
}

#[test]
fn the_demos_data_serves_the_demo_alone_and_the_demo_serves_no_other() {
    let (code, folder) = Demo::fresh().end();
    assert_eq!(code, Some(0));
    let [http, _] = free_ports();
    let file = folder.path().join("gatewright.toml");
    fs::write(&file, organisation(http, "demo-data")).unwrap();
    let refused = run(folder.path(), &["up", "-c", "gatewright.toml"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("made by the demo"), "{}", refused.err);
}

fn organisation(http: u16, data: &str) -> String {
    format!(
        "version = 1\ndata = \"{data}\"\n[listen]\nhttp = [\"127.0.0.1:{http}\"]\nhttps = []\n[authentication]\nhost = \"auth.example.com\"\n[portal]\nhost = \"home.example.com\"\n"
    )
}

#[test]
fn an_organisations_file_is_followed_and_a_faulty_one_is_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let [http, _] = free_ports();
    let file = folder.path().join("gatewright.toml");
    fs::write(&file, organisation(http, "data")).unwrap();
    let ready = folder.path().join("ready");
    let child = gatewright(folder.path())
        .args(["up", "-c", "gatewright.toml", "--ready-file", "ready"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Ending(child);
    let mut lines = BufReader::new(child.0.stderr.take().unwrap()).lines();
    let mut said = |wanted: &str| {
        let found = lines
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.contains(wanted));
        found.unwrap_or_else(|| panic!("it ended without saying {wanted:?}"))
    };
    said("the first owner");
    while !ready.exists() {
        assert!(child.0.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    let owner = run(
        folder.path(),
        &["user", "add", "olga", "--role", "owner", "--json"],
    );
    let added: serde_json::Value = serde_json::from_str(&owner.out).unwrap();
    assert_eq!(added["link"]["kind"], "enrolment");

    let apps = |folder: &Path| -> serde_json::Value {
        let said = run(folder, &["app", "list", "--json"]);
        serde_json::from_str(&said.out).unwrap()
    };
    assert_eq!(apps(folder.path())["items"].as_array().unwrap().len(), 2);
    let more = "[[app]]\nname = \"wiki\"\nhost = \"wiki.example.com\"\nupstream = \"http://127.0.0.1:9\"\n";
    fs::write(&file, organisation(http, "data") + more).unwrap();
    said("app-put wiki");
    assert_eq!(apps(folder.path())["items"].as_array().unwrap().len(), 3);

    fs::write(
        &file,
        organisation(http, "data").replace("auth.", "sign-in."),
    )
    .unwrap();
    said("strands 0 passkeys");
    let state = apps(folder.path());
    assert_eq!(state["config"]["state"], "refused");
    assert_eq!(state["items"].as_array().unwrap().len(), 3);
}

/// A process that does not outlive its test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

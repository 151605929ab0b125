//! The crates of the workspace with their rooms, as the manifests have them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A room; the order of the first six is the order of the arrows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Room {
    Core,
    Decision,
    Information,
    Enforcement,
    Administration,
    Gatewright,
    Platform,
}

impl Room {
    fn of_folder(folder: &str) -> Self {
        match folder {
            "core" => Self::Core,
            "decision" => Self::Decision,
            "information" => Self::Information,
            "enforcement" => Self::Enforcement,
            "administration" => Self::Administration,
            "platform" => Self::Platform,
            other => panic!("crates/{other} is not a room of the house; name it in tests/layers"),
        }
    }
}

/// A crate under `crates/`.
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) room: Room,
    /// The last part of its path.
    pub(crate) folder: String,
    /// From the top of the repository.
    pub(crate) path: String,
    /// What the product links: dependencies and build dependencies of every target.
    pub(crate) normal: Vec<String>,
    /// What its tests link in addition.
    dev: Vec<String>,
}

/// All of them.
pub(crate) struct House {
    crates: BTreeMap<String, Crate>,
    listed: Vec<String>,
}

impl House {
    /// Reads every manifest under `crates/`.
    pub(crate) fn read() -> Self {
        let workspace = read_toml("Cargo.toml");
        let listed = strings(
            workspace
                .get("workspace")
                .and_then(|table| table.get("members")),
        );
        let crates = manifests()
            .map(|(path, room)| read_crate(path, room))
            .map(|member| (member.name.clone(), member))
            .collect();
        Self { crates, listed }
    }

    pub(crate) fn crates(&self) -> impl Iterator<Item = &Crate> {
        self.crates.values()
    }

    pub(crate) fn named(&self, name: &str) -> &Crate {
        self.crates
            .get(name)
            .unwrap_or_else(|| panic!("there is no crate {name}"))
    }

    pub(crate) fn is_listed(&self, path: &str) -> bool {
        self.listed.iter().any(|listed| listed == path)
    }

    /// Who leans on whom, tests included.
    pub(crate) fn arrows(&self) -> impl Iterator<Item = (&Crate, &Crate)> {
        self.crates().flat_map(move |from| {
            from.normal
                .iter()
                .chain(&from.dev)
                .filter_map(|name| self.crates.get(name))
                .map(move |to| (from, to))
        })
    }
}

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the repository as TOML.
pub(crate) fn read_toml(path: &str) -> toml::Table {
    let text =
        fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.parse()
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The folders that have a manifest: `crates/gatewright`, `crates/ROOM/CRATE`.
fn manifests() -> impl Iterator<Item = (String, Room)> {
    folders("crates").into_iter().flat_map(|room| {
        let path = format!("crates/{room}");
        if has_manifest(&path) {
            return vec![(path, Room::Gatewright)];
        }
        folders(&path)
            .into_iter()
            .map(|folder| (format!("{path}/{folder}"), Room::of_folder(&room)))
            .filter(|(path, _)| has_manifest(path))
            .collect()
    })
}

fn folders(path: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

fn has_manifest(path: &str) -> bool {
    root().join(path).join("Cargo.toml").is_file()
}

fn read_crate(path: String, room: Room) -> Crate {
    let manifest = read_toml(&format!("{path}/Cargo.toml"));
    let name = manifest["package"]["name"].as_str().unwrap().to_owned();
    let folder = path.rsplit('/').next().unwrap().to_owned();
    let tables = dependency_tables(&manifest);
    let named = |kinds: &[&str]| {
        tables
            .iter()
            .filter(|(kind, _)| kinds.contains(&kind.as_str()))
            .flat_map(|(_, table)| table.iter().map(|(key, value)| package(key, value)))
            .collect()
    };
    Crate {
        normal: named(&["dependencies", "build-dependencies"]),
        dev: named(&["dev-dependencies"]),
        name,
        room,
        folder,
        path,
    }
}

/// Every dependency table of a manifest, those of single targets too.
fn dependency_tables(manifest: &toml::Table) -> Vec<(String, toml::Table)> {
    let per_target = manifest
        .get("target")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flat_map(|targets| targets.values().filter_map(toml::Value::as_table));
    std::iter::once(manifest)
        .chain(per_target)
        .flat_map(|table| table.iter())
        .filter(|(kind, _)| kind.ends_with("dependencies"))
        .filter_map(|(kind, table)| Some((kind.clone(), table.as_table()?.clone())))
        .collect()
}

/// The package behind a dependency's key, which may be renamed.
fn package(key: &str, value: &toml::Value) -> String {
    value
        .get("package")
        .and_then(toml::Value::as_str)
        .unwrap_or(key)
        .to_owned()
}

fn strings(value: Option<&toml::Value>) -> Vec<String> {
    value
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.as_str().map(str::to_owned))
        .collect()
}

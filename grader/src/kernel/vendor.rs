//! The library and the crates it needs, in a form that Cargo takes without a network and without the workspace.
//! Only what this machine compiles goes along; the rest of each manifest is cut, or Cargo would ask for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};
use toml::{Table, Value};

use super::environment::UNWANTED;
use super::toolchain::Toolchain;
use super::{KernelError, environment};

/// Copies the library of this workspace to `target`, without tests and other members.
pub(super) fn library(workspace: &Path, target: &Path) -> Result<(), KernelError> {
    let manifest = read_toml(&workspace.join("Cargo.toml"))?;
    spikelab_box::tree::copy(&workspace.join("src"), &target.join("src"))
        .map_err(|e| KernelError::io("copy the library to", target, &e))?;
    environment::write(&target.join("Cargo.toml"), &alone(manifest).to_string())?;
    let lock = workspace.join("Cargo.lock");
    std::fs::copy(&lock, target.join("Cargo.lock")).map_err(|e| KernelError::io("copy", &lock, &e))?;
    Ok(())
}

/// The manifest of the library outside of its workspace.
fn alone(mut manifest: Table) -> Table {
    let shared = manifest.remove("workspace").and_then(|w| w.get("package").cloned());
    for key in ["dev-dependencies", "lints", "profile", "bench", "example", "test", "bin"] {
        manifest.remove(key);
    }
    if let Some(Value::Table(package)) = manifest.get_mut("package") {
        let inherited: Vec<String> = package
            .iter()
            .filter(|(_, value)| value.get("workspace") == Some(&Value::Boolean(true)))
            .map(|(key, _)| key.clone())
            .collect();
        for key in inherited {
            match shared.as_ref().and_then(|s| s.get(&key)) {
                Some(value) => package.insert(key, value.clone()),
                None => package.remove(&key),
            };
        }
        for (key, value) in
            [("autobins", false), ("autoexamples", false), ("autotests", false), ("autobenches", false)]
        {
            package.insert(key.to_owned(), Value::Boolean(value));
        }
    }
    manifest.insert("workspace".to_owned(), Value::Table(Table::new()));
    manifest
}

/// Copies the crates that `library` is compiled from to `target`, as Cargo's directory source.
pub(super) fn crates(library: &Path, target: &Path, toolchain: &Toolchain) -> Result<(), KernelError> {
    let checksums = checksums(&library.join("Cargo.lock"))?;
    let metadata = metadata(library, toolchain)?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let used: Vec<&str> = metadata["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|node| node["id"].as_str())
        .collect();
    let used = packages.iter().filter(|p| p["id"].as_str().is_some_and(|id| used.contains(&id)));
    let used: Vec<&Json> = used.filter(|p| !p["source"].is_null()).collect();
    let names: Vec<&str> = used.iter().filter_map(|p| p["name"].as_str()).collect();
    for package in &used {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let (name, version) = (text("name"), text("version"));
        let source = PathBuf::from(text("manifest_path"));
        let folder = target.join(format!("{name}-{version}"));
        let from = source.parent().unwrap_or(&source);
        spikelab_box::tree::copy(from, &folder)
            .map_err(|e| KernelError::io("copy a crate to", &folder, &e))?;
        let manifest = only(read_toml(&source)?, &names);
        environment::write(&folder.join("Cargo.toml"), &manifest.to_string())?;
        let checksum = checksums.get(&(name.to_owned(), version.to_owned()));
        let sums = json!({ "files": {}, "package": checksum });
        environment::write(&folder.join(".cargo-checksum.json"), &sums.to_string())?;
    }
    Ok(())
}

/// The manifest without the dependencies that are not at hand: those for other systems, and optional ones.
fn only(mut manifest: Table, names: &[&str]) -> Table {
    let mut left: Vec<String> = Vec::new();
    let mut cut = |table: &mut Table| {
        table.remove("dev-dependencies");
        for kind in ["dependencies", "build-dependencies"] {
            if let Some(Value::Table(list)) = table.get_mut(kind) {
                list.retain(|key, value| {
                    names.contains(&value.get("package").and_then(Value::as_str).unwrap_or(key))
                });
                left.extend(list.keys().cloned());
            }
        }
    };
    cut(&mut manifest);
    if let Some(Value::Table(systems)) = manifest.get_mut("target") {
        systems.iter_mut().filter_map(|(_, v)| v.as_table_mut()).for_each(&mut cut);
    }
    for key in ["bench", "example", "test", "lints"] {
        manifest.remove(key);
    }
    // A feature that switches on what is gone would make the manifest invalid.
    if let Some(Value::Table(features)) = manifest.get_mut("features") {
        let known: Vec<String> = features.keys().cloned().collect();
        for (_, words) in features.iter_mut() {
            let Value::Array(words) = words else { continue };
            words.retain(|word| {
                let word = word.as_str().unwrap_or_default();
                match (word.strip_prefix("dep:"), word.split_once('/')) {
                    (Some(name), _) => left.iter().any(|l| l == name),
                    (None, Some((name, _))) => left.iter().any(|l| l == name.trim_end_matches('?')),
                    (None, None) => known.iter().chain(&left).any(|l| l == word),
                }
            });
        }
    }
    manifest
}

fn checksums(lock: &Path) -> Result<BTreeMap<(String, String), String>, KernelError> {
    let lock = read_toml(lock)?;
    let packages = lock.get("package").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |package: &Value, key: &str| package.get(key).and_then(Value::as_str).map(str::to_owned);
    let of = |p: &Value| Some(((text(p, "name")?, text(p, "version")?), text(p, "checksum")?));
    Ok(packages.iter().filter_map(of).collect())
}

/// What Cargo knows of the library's crates, from this machine if they are on it already.
fn metadata(library: &Path, toolchain: &Toolchain) -> Result<Json, KernelError> {
    let mut words = String::new();
    for offline in [true, false] {
        let mut command = Command::new("cargo");
        command.args(["metadata", "--format-version", "1", "--filter-platform", &toolchain.host]);
        command.current_dir(library).env("PATH", toolchain.path()).stdin(Stdio::null());
        if offline {
            command.arg("--offline");
        }
        for name in UNWANTED {
            command.env_remove(name);
        }
        match command.output() {
            Ok(output) if output.status.success() => {
                return serde_json::from_slice(&output.stdout)
                    .map_err(|e| KernelError::new(format!("cannot read what cargo says: {e}"), "try again"));
            }
            Ok(output) => words = String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(e) => words = e.to_string(),
        }
    }
    Err(KernelError::new(
        format!("the crates of the library cannot be found\n{words}"),
        "the first run needs a network connection",
    ))
}

fn read_toml(path: &Path) -> Result<Table, KernelError> {
    let text = std::fs::read_to_string(path).map_err(|e| KernelError::io("read", path, &e))?;
    text.parse().map_err(|e| {
        KernelError::new(format!("{}: {e}", path.display()), "restore the file from the repository")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_stands_without_its_workspace() {
        let text = "[workspace]\nmembers = [\"grader\"]\n[workspace.package]\nversion = \"0.1.0\"\n[package]\nname = \"a\"\n\
                    version.workspace = true\nkeywords.workspace = true\n[dev-dependencies]\nb = \"1\"\n[dependencies]\nc = \"1\"\n";
        let manifest = alone(text.parse().unwrap());
        assert_eq!(manifest["package"]["version"].as_str(), Some("0.1.0"));
        assert!(manifest["package"].get("keywords").is_none() && !manifest.contains_key("dev-dependencies"));
        assert!(
            manifest.contains_key("dependencies") && manifest["workspace"].as_table().unwrap().is_empty()
        );
    }

    #[test]
    fn what_is_not_at_hand_is_cut_with_its_features() {
        let text = "[package]\nname = \"a\"\n[features]\ndefault = [\"std\"]\nstd = [\"b/std\", \"gone?/std\", \"gone\", \"dep:gone\", \"t/all\"]\n\
                    [dev-dependencies.t]\nversion = \"1\"\n[dependencies.b]\nversion = \"1\"\n[dependencies.gone]\nversion = \"1\"\noptional = true\n\
                    [target.\"cfg(windows)\".dependencies.w]\nversion = \"1\"\n";
        let manifest = only(text.parse().unwrap(), &["b"]);
        assert_eq!(manifest["features"]["std"].as_array().unwrap(), &[Value::from("b/std")]);
        assert!(
            manifest["dependencies"].get("gone").is_none() && manifest["dependencies"].get("b").is_some()
        );
        assert!(manifest["target"]["cfg(windows)"]["dependencies"].as_table().unwrap().is_empty());
    }
}

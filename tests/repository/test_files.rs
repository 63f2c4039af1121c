//! A file in a folder of `tests/` that no `mod` names is compiled by nobody, and its tests pass.

use std::fs;
use std::path::Path;

use crate::files;

#[test]
fn every_file_is_a_module() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut count = 0;
    for file in files(&tests) {
        let inside = file.strip_prefix(&tests).unwrap();
        let name = module(&file);
        let is_root = ["main", "lib", "program"].contains(&name) || inside.iter().count() == 1;
        let is_rust = file.extension().is_some_and(|extension| extension == "rs");
        if is_root || !is_rust || inside.starts_with("edition-2021") {
            continue;
        }
        count += 1;
        let named = parents(&file).iter().any(|parent| names(parent, name));
        assert!(named, "no `mod {name};` for {}", inside.display());
    }
    assert!(count > 80, "only {count} files were found");
}

fn module(file: &Path) -> &str {
    let named = if file.ends_with("mod.rs") {
        file.parent().unwrap()
    } else {
        file
    };
    named.file_stem().unwrap().to_str().unwrap()
}

/// Where its `mod` may be.
fn parents(file: &Path) -> Vec<String> {
    let folder = file.parent().unwrap();
    let folder = if file.ends_with("mod.rs") {
        folder.parent().unwrap()
    } else {
        folder
    };
    let inside = ["main.rs", "lib.rs", "program.rs", "mod.rs"].map(|name| folder.join(name));
    let paths = inside.into_iter().chain([folder.with_extension("rs")]);
    paths
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect()
}

fn names(parent: &str, name: &str) -> bool {
    let declares = |line: &str| line.trim_start_matches("pub ") == format!("mod {name};");
    parent.lines().any(declares)
}

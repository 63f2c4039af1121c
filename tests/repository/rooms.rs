//! The folders of `fence/src` are the rooms of a house: each uses only those below it, so there is
//! no circle of folders. CONTRIBUTING says in which order they stand.

mod offences;
mod paths;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use self::paths::paths;
use crate::files;

const CONTRIBUTING: &str = include_str!("../../CONTRIBUTING.md");

#[test]
fn no_room_uses_one_above_it() {
    let house = House::of_the_library();
    let source = source();
    let mut offences = Vec::new();
    for file in files(&source) {
        let text = fs::read_to_string(&file).unwrap();
        offences.extend(house.offences(file.strip_prefix(&source).unwrap(), &text));
    }
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

#[test]
fn every_folder_is_a_room() {
    let source = source();
    let folders: BTreeSet<_> = files(&source)
        .iter()
        .map(|file| file.parent().unwrap().strip_prefix(&source).unwrap())
        .filter(|folder| *folder != Path::new(""))
        .map(|folder| folder.to_str().unwrap().replace('\\', "/"))
        .collect();
    let rooms: BTreeSet<_> = House::of_the_library().rooms.into_iter().collect();
    assert_eq!(folders, rooms, "found, named in CONTRIBUTING.md");
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fence/src")
}

/// The rooms from the ground up. What stands in none of them is the roof, which no room may use.
struct House {
    rooms: Vec<String>,
}

impl House {
    fn of_the_library() -> Self {
        let (_, rest) = CONTRIBUTING
            .split_once("from the ground up:\n\n  ```text\n")
            .expect("the rooms are listed");
        let (list, _) = rest.split_once("```").expect("the list ends");
        Self::new(list)
    }

    fn new(list: &str) -> Self {
        let rooms = list.split_whitespace().map(str::to_owned).collect();
        Self { rooms }
    }

    /// Where a module is, or what is in it: in the innermost folder of the list, on that floor.
    fn floor(&self, module: &[String]) -> Option<usize> {
        let floor = |folder: String| self.rooms.iter().position(|room| *room == folder);
        (1..=module.len())
            .rev()
            .find_map(|depth| floor(module[..depth].join("/")))
    }

    /// What a file uses that is not below it.
    fn offences(&self, file: &Path, text: &str) -> Vec<String> {
        let module = module(file);
        let Some(here) = self.floor(&module) else {
            return Vec::new();
        };
        let used = paths(module, text).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        let offence = |path: Vec<String>| {
            let there = self.floor(&path);
            let place = match there {
                Some(there) if there <= here => return None,
                Some(there) => format!("`{}`, which is above", self.rooms[there]),
                None => "the roof".to_owned(),
            };
            let path = ["crate".to_owned()].into_iter().chain(path);
            let path = path.collect::<Vec<_>>().join("::");
            let (file, room) = (file.display(), &self.rooms[here]);
            Some(format!("{file}: `{room}` uses {place}: {path}"))
        };
        used.into_iter().filter_map(offence).collect()
    }
}

/// The module that a file is, from the root on.
fn module(file: &Path) -> Vec<String> {
    let path = file.with_extension("");
    let names = path.iter().map(|name| name.to_str().unwrap().to_owned());
    let mut module: Vec<String> = names.collect();
    if module.last().is_some_and(|name| name == "mod") {
        module.pop();
    }
    module
}

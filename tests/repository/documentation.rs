//! Each public item of the library has an example that runs, and public texts explain in words,
//! without the ids of rules, which are for comments.

mod items;

use std::fs;
use std::path::Path;

use self::items::{Item, public_items};

/// Getters that the example of their type calls.
const NO_EXAMPLE: &[&str] = &[
    "Cleanup::is_clean",
    "Cleanup::overran",
    "Cleanup::panics",
    "Cleanup::ran",
    "Detached::departed",
    "Drained::is_drained",
    "GroupError::errors",
    "Handle::state",
    "Left::age",
    "Left::kind",
    "Left::name",
    "Left::place",
    "Left::state",
    "Reason::code",
    "Reason::kind",
    "ShutdownReport::is_drained",
];

/// Public texts besides `docs/` and the documentation of items: the heads of public modules, too.
const PAGES: [&str; 8] = [
    "CHANGELOG.md",
    "README.md",
    "examples/README.md",
    "fence-macros/src/lib.rs",
    "fence/src/block.rs",
    "fence/src/http/service/mod.rs",
    "fence/src/lib.rs",
    "fence/src/testing.rs",
];

#[test]
fn each_public_item_has_an_example_that_runs() {
    let items = public_items();
    assert!(items.len() > 200, "only {} were found", items.len());
    for getter in NO_EXAMPLE {
        assert!(
            items.iter().any(|item| item.name == *getter),
            "no `{getter}`"
        );
        let (of, method) = getter.split_once("::").unwrap();
        let of = items.iter().find(|item| item.name == of).unwrap();
        assert!(
            words(&of.code()).any(|word| word == method),
            "not called: `{getter}`"
        );
    }
    let without: Vec<_> = items
        .iter()
        .filter(|item| item.name != "Time") // which only the macros' expansion names
        .filter(|item| item.has_example() == NO_EXAMPLE.contains(&&*item.name))
        .map(|item| format!("{}: `{}`", item.file, item.name))
        .collect();
    assert!(
        without.is_empty(),
        "without an example, or listed in NO_EXAMPLE with one:\n{}\n",
        without.join("\n")
    );
}

#[test]
fn each_option_of_the_macros_is_in_an_example() {
    let macros = public_items();
    let macros = macros.iter().filter(|item| item.name == "fenced");
    let code: String = macros.map(Item::code).collect();
    let code: Vec<_> = words(&code).collect();
    let table = include_str!("../../fence-macros/src/grammar.rs");
    let options: Vec<_> = table
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("row(\"")?.split('"').next())
        .collect();
    assert!(options.len() > 10, "only {options:?} were found");
    for option in options {
        assert!(code.contains(&option), "no example shows `{option}`");
    }
}

#[test]
fn public_texts_cite_no_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap();
    let pages = docs
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|is| is == "md") && !path.ends_with("rules.md"))
        .chain(PAGES.map(|page| root.join(page)))
        .map(|path| {
            (
                path.display().to_string(),
                fs::read_to_string(&path).unwrap(),
            )
        });
    let comments = public_items()
        .into_iter()
        .map(|item| (format!("{}: `{}`", item.file, item.name), item.docs));
    let citing: Vec<_> = pages
        .chain(comments)
        .filter(|(_, text)| words(text).any(is_rule))
        .map(|(place, _)| place)
        .collect();
    assert!(
        citing.is_empty(),
        "say it in words:\n{}\n",
        citing.join("\n")
    );
}

/// What stands for a rule that is still to be built.
const TO_BUILD: [(&str, &str); 5] = [
    ("d25", "OnCancel::hand_up"),
    ("d34", "Fencing::idle"),
    ("d35", "StreamExt"),
    ("d36", "here"),
    ("d37", "Handle::extend"),
];

#[test]
fn a_rule_is_marked_as_long_as_it_is_not_built() {
    let (rules, items) = (include_str!("../../docs/rules.md"), public_items());
    for (rule, item) in TO_BUILD {
        let (_, text) = rules.split_once(&format!("<a id=\"{rule}\">")).unwrap();
        let text = text.split("\n\n").next().unwrap();
        assert_eq!(
            text.contains("not built yet"),
            items.iter().all(|known| known.name != item),
            "is {rule} of rules.md built? there is `{item}`, or there is not",
        );
    }
}

#[test]
fn an_example_is_code_that_runs() {
    let item = |docs: &str| Item {
        name: String::new(),
        file: String::new(),
        docs: docs.to_owned(),
    };
    assert!(item(" Adds.\n\n ```\n add();\n ```\n").has_example());
    assert!(item(" Adds.\n\n ```should_panic\n add();\n ```\n").has_example());
    for docs in [
        " Adds.\n",
        " ```no_run\n add();\n ```\n",
        " ```ignore\n add();\n ```\n",
        " ```compile_fail,E0382\n add();\n ```\n",
        " ```text\n none\n ```\n and then\n",
    ] {
        assert!(!item(docs).has_example(), "{docs}");
    }
}

#[test]
fn rules_are_told_from_other_words() {
    assert!(words("it is kept (rule D3)").any(is_rule));
    assert!(words("[`D13a`](rules)").any(is_rule));
    assert!(!words("D, 3D, Display, D3D, and 13").any(is_rule));
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// Whether it is an id of `docs/rules.md`, such as `D13a`.
fn is_rule(word: &str) -> bool {
    let number = word.strip_prefix('D').unwrap_or_default();
    let number = number
        .strip_suffix(|c: char| c.is_ascii_lowercase())
        .unwrap_or(number);
    !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
}

//! Public texts explain in words: the ids of rules are for comments.

mod items;

use std::fs;
use std::path::Path;

use self::items::public_items;

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
    let items = public_items().into_iter();
    let comments: Vec<_> = items
        .map(|item| (format!("{}: `{}`", item.file, item.name), item.docs))
        .collect();
    assert!(comments.len() > 200, "only {} were found", comments.len());
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

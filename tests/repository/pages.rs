//! The pages for people: short where it counts, and without lines that only rustdoc hides.

use std::fs;
use std::path::{Path, PathBuf};

use support::pages::{blocks, stands_in};

#[test]
fn the_readme_has_at_most_120_lines() {
    assert!(include_str!("../../README.md").lines().count() <= 120);
}

#[test]
fn no_page_shows_lines_that_only_rustdoc_hides() {
    let pages = pages();
    assert!(pages.len() > 6, "only {pages:?} were found");
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let code = blocks(&text);
        let mut lines = code.iter().flat_map(|block| block.lines());
        let hidden = lines.find(|line| *line == "#" || line.trim_start().starts_with("# "));
        assert_eq!(hidden, None, "in {}", page.display());
    }
}

#[test]
fn each_block_of_code_says_what_it_is() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let marks = text.lines().filter(|line| line.starts_with("```"));
        let unlabelled = marks.step_by(2).filter(|mark| *mark == "```");
        assert_eq!(unlabelled.count(), 0, "in {}", page.display());
    }
}

#[test]
fn a_block_is_found_by_its_tokens_alone() {
    let file = "fn a() {\n    b(\n        1,\n    );\n}\n\nfn c() {}\n\nfn d() {}\n";
    assert!(stands_in("fn a() { b(1); }\n\nfn d() {}\n", file));
    for changed in ["fn a() { b(2); }", "fn d() {}\n\nfn c() {}", "fn e() {}"] {
        assert!(!stands_in(changed, file), "{changed}");
    }
}

#[test]
fn pages_link_to_what_is_there() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let file = link.split('#').next().unwrap();
            let is_there = page.parent().unwrap().join(file).exists();
            assert!(is_there, "{} links to {link}", page.display());
        }
    }
}

/// The README, and what is in `docs/`.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = crate::files(&root.join("docs")).into_iter();
    let docs = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    docs.chain([root.join("README.md")]).collect()
}

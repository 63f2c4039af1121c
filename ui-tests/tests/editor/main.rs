//! What an editor shows inside of fences: drives a rust-analyzer, and is skipped where there is none.

mod server;

use server::{Server, missing};
use std::fs;
use std::path::{Path, PathBuf};

/// Everything that the cases refer to.
const PRELUDE: &str = r#"
#![allow(unused)]
use fence::block::fenced;
use std::time::Duration;

pub struct Client {
    pub limit: Duration,
    pub stop: fence::Event,
}

impl Client {
    pub async fn get(&self, id: u64) -> Result<Page, Lost> {
        Ok(Page { title: 1 })
    }
    pub fn pause(&self) -> Duration {
        self.limit
    }
}

pub struct Page {
    pub title: u8,
}

pub struct Lost;
"#;

/// What is being typed, at `$0`, in a method of a `Client`, or with one at hand.
const COMPLETIONS: &[(&str, &str)] = &[
    (
        "the body of a function",
        "#[fence::fenced(timeout = \"1s\")] async fn f(client: &Client) { client.$0 }",
    ),
    (
        "the same with options to evaluate",
        "#[fence::fenced(timeout = client.limit)] async fn f(client: &Client) { client.$0 }",
    ),
    (
        "the end of a block",
        "async fn f(client: &Client) { fenced!(timeout = \"1s\", { client.$0 }); }",
    ),
    (
        "the middle of a block",
        "async fn f(client: &Client) { fenced!(timeout = \"1s\", { client.$0; client.get(1).await }); }",
    ),
    (
        "a binding at the end",
        "async fn f(client: &Client) { fenced!(timeout = \"1s\", { let x = client.$0 }); }",
    ),
    (
        "a condition",
        "async fn f(client: &Client) { fenced!(timeout = \"1s\", { if client.$0 }); }",
    ),
    (
        "a block with `?`",
        "async fn f(client: &Client) -> Result<u8, Lost> { fenced!(timeout = \"1s\", { client.get(1).await?; client.$0 }); Ok(1) }",
    ),
    (
        "a block with `return`",
        "async fn f(client: &Client) -> Result<u8, Lost> { fenced!(timeout = \"1s\", { if true { return Ok(1) } client.$0 }); Ok(1) }",
    ),
    (
        "a block with `break`",
        "async fn f(client: &Client) { loop { fenced!(timeout = \"1s\", { if true { break } client.$0 }); } }",
    ),
    (
        "a block with `?` and `continue`",
        "async fn f(client: &Client) -> Result<u8, Lost> { loop { fenced!(timeout = \"1s\", { if true { continue } client.get(1).await?; client.$0 }); } }",
    ),
    (
        "a block with a macro",
        "async fn f(client: &Client) { fenced!(timeout = \"1s\", { println!(\"x\"); client.$0 }); }",
    ),
    (
        "a block with options to evaluate",
        "async fn f(client: &Client) { fenced!(timeout = client.limit, on = client.stop, { client.$0 }); }",
    ),
    (
        "braces without options",
        "async fn f(client: &Client) { fenced! { client.$0 }; }",
    ),
    (
        "an async block",
        "async fn f(client: &Client) { fenced!(timeout = \"1s\", async { client.$0 }); }",
    ),
    (
        "a future",
        "async fn f(client: &Client) { fenced!(timeout = \"1s\", client.$0); }",
    ),
    (
        "a call that is not closed",
        "async fn f(client: &Client) { fenced!(timeout = \"1s\", { client.get(client.$0 }); }",
    ),
    (
        "a value of an option",
        "async fn f(client: &Client) { fenced!(timeout = client.$0, { client.get(1).await }); }",
    ),
    (
        "a trigger",
        "async fn f(client: &Client) { fenced!(on = client.$0, { client.get(1).await }); }",
    ),
    (
        "a value with a code",
        "async fn f(client: &Client) { fenced!(timeout(\"x\", client.$0), { client.get(1).await }); }",
    ),
    (
        "a value in a call",
        "async fn f(client: &Client) { fenced!(timeout = Some(client.$0), { client.get(1).await }); }",
    ),
    (
        "a value of the attribute",
        "#[fence::fenced(timeout = client.$0)] async fn f(client: &Client) { client.get(1).await; }",
    ),
    (
        "a trigger of the attribute",
        "#[fence::fenced(on = client.$0, timeout = \"1s\")] async fn f(client: &Client) { client.get(1).await; }",
    ),
];

/// What is under the cursor, and what is said of it.
const HOVERS: &[(&str, &str, &str)] = &[
    (
        "the attribute",
        "#[fence::fen$0ced(timeout = \"1s\")] async fn f(client: &Client) { client.get(1).await; }",
        "fences the body of an async fn",
    ),
    (
        "the block",
        "async fn f(client: &Client) { fen$0ced!(timeout = \"1s\", { client.get(1).await }); }",
        "awaits a block",
    ),
    (
        "a local in a block",
        "async fn f(client: &Client) -> Result<u8, Lost> { fenced!(timeout = \"1s\", { let pa$0ge = client.get(1).await?; page.title }); Ok(1) }",
        "page: Page",
    ),
    (
        "the outcome of a block",
        "async fn f(client: &Client) -> Result<u8, Lost> { let out$0come = fenced!(timeout = \"1s\", { client.get(1).await?.title }); Ok(1) }",
        "Fenced<u8>",
    ),
    (
        "the outcome of a function",
        "#[fence::fenced] async fn f() -> u8 { g().await } async fn g() -> u8 { let out$0come = f().await; 1 }",
        "Fenced<u8>",
    ),
];

/// Each option as it is written, and what is said of it.
const OPTIONS: &[(&str, &str)] = &[
    ("time$0out = \"5s\"", "each call has that long"),
    ("time$0out = client.limit", "each call has that long"),
    ("bud$0get(\"x\", \"5s\")", "shared with what is below"),
    ("dead$0line = tokio::time::Instant::now()", "has until then"),
    ("o$0n = \"shutdown\"", "bound under the name"),
    ("o$0n = client.stop", "bound under the name"),
    ("id$0le = \"5s\"", "without progress"),
    ("un$0less(\"x\", || true)", "while the closure says so"),
    ("gr$0ace = \"2s\"", "that long to finish"),
    ("coop$0erative", "never cut"),
    ("clean$0up = \"2s\"", "how long the cleanups have"),
    ("na$0me = \"x\"", "the name in messages"),
    ("in$0herit = false", "from an empty set"),
    ("lin$0ked", "ends the fence around"),
];

#[test]
fn what_an_editor_shows() {
    if let Some(component) = missing() {
        eprintln!(
            "SKIPPED: what editors show is not checked here (rustup component add {component})"
        );
        return;
    }
    let mut server = Server::start(&project());
    let mut wrong = Vec::new();
    println!("| place | completes | offers private names |\n| --- | --- | --- |");
    for (place, code) in COMPLETIONS {
        let labels = server.complete(&format!("{PRELUDE}{code}"));
        let has = |label: &str| labels.iter().any(|offered| offered.starts_with(label));
        let (fields, methods) = (has("limit") && has("stop"), has("pause") && has("get"));
        let private = labels.iter().find(|label| label.starts_with("__fence"));
        println!("| {place} | {fields} {methods} | {private:?} |");
        if !(fields && methods) || private.is_some() {
            wrong.push(format!("{place}: {labels:?}"));
        }
    }
    for (place, code, expected) in HOVERS {
        let text = server.hover(&format!("{PRELUDE}{code}"));
        println!("| hover: {place} | {} | |", text.contains(expected));
        if !text.contains(expected) {
            wrong.push(format!("hover over {place}: {text}"));
        }
    }
    let body = "client.get(1).await";
    let of_attribute = ("t$0ry", "keeps its Result");
    let of_block = ("nes$0ted", "meant to be inside");
    let attribute = OPTIONS
        .iter()
        .chain([&of_attribute])
        .map(|(option, expected)| {
            let output = "Result<Page, Lost>";
            let code = format!(
                "#[fence::fenced({option})] async fn f(client: &Client) -> {output} {{ {body} }}"
            );
            (code, expected)
        });
    let block = OPTIONS.iter().chain([&of_block]).map(|(option, expected)| {
        let code = format!("async fn f(client: &Client) {{ fenced!({option}, {{ {body} }}); }}");
        (code, expected)
    });
    for (code, expected) in attribute.chain(block) {
        let text = server.hover(&format!("{PRELUDE}{code}"));
        println!("| hover: `{code}` | {} | |", text.contains(expected));
        if !text.contains(expected) {
            wrong.push(format!("hover in {code}: {text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A crate of its own, as rust-analyzer reads what is on the disk before it asks the editor.
fn project() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editor");
    fs::create_dir_all(root.join("src")).expect("a folder");
    let fence = repository.join("fence");
    let manifest = format!(
        "[package]\nname = \"editor\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         fence = {{ package = \"tokio-fence\", path = {fence:?} }}\n"
    );
    fs::write(root.join("Cargo.toml"), manifest).expect("written");
    fs::copy(repository.join("Cargo.lock"), root.join("Cargo.lock")).expect("copied");
    fs::write(root.join("src/lib.rs"), PRELUDE).expect("written");
    root
}

//! What does the attribute cost at compile time?

use std::error::Error;
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, id};
use std::time::{Instant, SystemTime};

use crate::figure::median;

const FUNCTIONS: usize = 500;
const REPETITIONS: usize = 3;

/// What is written above each function, and what it is called in the table.
const ATTRIBUTES: [(&str, &str); 3] = [
    ("no attribute", ""),
    ("`#[tracing::instrument]`", "#[tracing::instrument]"),
    (
        "**`#[fenced]`**",
        "#[fence::fenced(timeout = \"1s\", on = \"stop\")]",
    ),
];

const FENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const LOCK: &str = include_str!("../../../Cargo.lock");

/// The table, in markdown.
///
/// # Errors
///
/// If a file cannot be written, or the crate does not compile.
pub fn table() -> Result<String, Box<dyn Error>> {
    let scratch = Scratch::new()?;
    let mut text =
        format!("| {FUNCTIONS} functions | `cargo check`, s | ratio |\n| --- | ---: | ---: |\n");
    let mut plain = None;
    for (name, attribute) in ATTRIBUTES {
        let seconds = scratch.check(attribute)?;
        let ratio = seconds / *plain.get_or_insert(seconds);
        let _ = writeln!(text, "| {name} | {seconds:.2} | {ratio:.2} |");
    }
    Ok(text)
}

/// A crate in a directory of its own, which goes with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Box<dyn Error>> {
        let path = std::env::temp_dir().join(format!("fence-bench-{}", id()));
        fs::create_dir_all(path.join("src"))?;
        let scratch = Self(path);
        let manifest = format!(
            "[package]\nname = \"scratch\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
             tracing = \"0.1\"\nfence = {{ package = \"tokio-fence\", path = \"{FENCE}\" }}\n"
        );
        fs::write(scratch.0.join("Cargo.toml"), manifest)?;
        fs::write(scratch.0.join("Cargo.lock"), LOCK)?;
        Ok(scratch)
    }

    /// Seconds to check it again, when all it depends on has been built.
    fn check(&self, attribute: &str) -> Result<f64, Box<dyn Error>> {
        let library = self.0.join("src/lib.rs");
        fs::write(&library, source(attribute))?;
        self.cargo_check()?;
        let times: Result<Vec<f64>, Box<dyn Error>> = (0..REPETITIONS)
            .map(|_| {
                File::options()
                    .append(true)
                    .open(&library)?
                    .set_modified(SystemTime::now())?;
                let start = Instant::now();
                self.cargo_check()?;
                Ok(start.elapsed().as_secs_f64())
            })
            .collect();
        Ok(median(times?))
    }

    fn cargo_check(&self) -> Result<(), Box<dyn Error>> {
        let output = Command::new("cargo")
            .arg("check")
            .current_dir(&self.0)
            .env("CARGO_TARGET_DIR", self.0.join("target"))
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let path: &Path = &self.0;
        let _ = fs::remove_dir_all(path);
    }
}

fn source(attribute: &str) -> String {
    let mut source = String::from("async fn step(n: u64) -> u64 { n + 1 }\n");
    for n in 0..FUNCTIONS {
        let _ = writeln!(
            source,
            "{attribute}\npub async fn f{n}(a: u64, b: u64) -> u64 {{\n\
             let a = step(a).await;\nlet b = step(b).await;\nstep(a + b + {n}).await\n}}"
        );
    }
    source
}

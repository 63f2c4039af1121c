//! Where do the figures of all commands end up? In docs/performance.md, between markers.

use std::error::Error;
use std::fs;
use std::process::Command;

use crate::{compile_time, contention, fire, instructions, plots, time};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
const LOCK: &str = include_str!("../../../Cargo.lock");

/// The packages whose versions decide the figures.
const PEERS: [&str; 3] = ["tokio", "tokio-util", "tokio-graceful-shutdown"];

/// Measures everything, and replaces the tables and plots of the last time.
///
/// # Errors
///
/// If something cannot be measured, or the page lacks a pair of markers.
pub fn write() -> Result<(), Box<dyn Error>> {
    let path = format!("{DOCS}/performance.md");
    let mut page = fs::read_to_string(&path)?;
    replace(&mut page, "versions", &versions()?)?;
    if instructions::are_countable() {
        replace(
            &mut page,
            "instructions",
            &instructions::table()?.markdown(),
        )?;
        plots::write(DOCS)?;
    } else {
        eprintln!("{}", instructions::SKIPPED);
    }
    replace(&mut page, "time", &time::table().markdown())?;
    replace(&mut page, "contention", &contention::table())?;
    replace(&mut page, "fire", &fire::table()?)?;
    replace(&mut page, "compile-time", &compile_time::table()?)?;
    fs::write(path, page)?;
    Ok(())
}

fn replace(page: &mut String, name: &str, text: &str) -> Result<(), String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = page.find(&begin).map(|at| at + begin.len());
    let range = start.and_then(|start| Some(start..start + page[start..].find(&end)?));
    let range = range.ok_or_else(|| format!("docs/performance.md has no {begin}…{end}"))?;
    page.replace_range(range, &format!("\n{}\n", without_goals(text)));
    Ok(())
}

/// A table for users: the goals and whether they are met, its last columns, are for us.
fn without_goals(table: &str) -> String {
    let heads = table.lines().next().unwrap_or_default().split('|');
    let goals = heads
        .map(str::trim)
        .position(|head| head.starts_with("goal"));
    let Some(goals) = goals else {
        return table.to_owned();
    };
    let lines = table.lines().map(|line| {
        let cells: Vec<_> = line.split('|').take(goals).collect();
        cells.join("|") + "|\n"
    });
    lines.collect()
}

/// What was measured, in one line.
fn versions() -> Result<String, Box<dyn Error>> {
    let rustc = Command::new("rustc").arg("--version").output()?;
    let rustc = String::from_utf8(rustc.stdout)?;
    let mut versions = vec![rustc.trim().to_owned()];
    for peer in PEERS {
        let package = format!("name = \"{peer}\"\nversion = \"");
        let version = LOCK
            .split_once(&package)
            .and_then(|(_, v)| v.split('"').next());
        versions.push(format!(
            "{peer} {}",
            version.unwrap_or("of no known version")
        ));
    }
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor
        .lines()
        .find(|line| line.starts_with("model name"));
    versions.extend(model.and_then(|m| Some(m.split_once(": ")?.1.to_owned())));
    Ok(format!("{}.\n", versions.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::without_goals;

    #[test]
    fn users_see_figures_and_no_goals() {
        let table =
            "| program | ns | goal | |\n| --- | ---: | --- | --- |\n| P | 7 | 0.9 | missed |\n";
        let shown = "| program | ns |\n| --- | ---: |\n| P | 7 |\n";
        assert_eq!(without_goals(table), shown);
        assert_eq!(without_goals(shown), shown);
        assert_eq!(without_goals("tokio 1.54.\n"), "tokio 1.54.\n");
    }
}

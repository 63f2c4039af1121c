//! How do the figures compare with the goals?

use std::fmt::Write;

use crate::figure::Figure;
use crate::program::{Program, Side};
use crate::workload::{Difference, Goal, Workload};
use crate::workloads;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Executed instructions.
    Instructions,
    /// Nanoseconds.
    Time,
}

impl Unit {
    fn heading(self) -> &'static str {
        match self {
            Self::Instructions => {
                "| workload | program | instructions | locked | ratio | goal | |\n\
                 | --- | --- | ---: | ---: | --- | --- | --- |\n"
            }
            Self::Time => {
                "| workload | program | ns | ratio | goal | |\n\
                 | --- | --- | ---: | --- | --- | --- |\n"
            }
        }
    }

    fn limit(self, goal: &Goal) -> f64 {
        match self {
            Self::Instructions => goal.instructions,
            Self::Time => goal.time,
        }
    }
}

/// One program of a workload, compared.
#[derive(Debug)]
struct Row<'a> {
    workload: &'a Workload,
    name: &'static str,
    side: Side,
    figure: &'a Figure,
    ratios: Vec<Ratio>,
}

#[derive(Debug)]
struct Ratio {
    of: &'static str,
    value: f64,
    limit: Option<f64>,
    /// What may not be exceeded.
    held: Option<f64>,
}

/// What the programs of a workload cost.
#[derive(Debug)]
pub struct Measured {
    /// The workload.
    pub workload: Workload,
    /// Its programs in their order.
    pub figures: Vec<(&'static str, Side, Figure)>,
}

impl Measured {
    /// Asks for the figure of each program; `None` if one has none.
    #[must_use]
    pub fn of(
        workload: Workload,
        mut figure: impl FnMut(&Program) -> Option<Figure>,
    ) -> Option<Self> {
        let programs = workload.programs.iter();
        let figures = programs
            .map(|program| Some((program.name, program.side, figure(program)?)))
            .collect::<Option<_>>()?;
        Some(Self { workload, figures })
    }
}

/// Many workloads, as a table in markdown.
#[derive(Debug)]
pub struct Table {
    unit: Unit,
    results: Vec<Measured>,
}

impl Table {
    /// A table of what was measured and of what follows from it.
    #[must_use]
    pub fn new(unit: Unit, results: Vec<Measured>) -> Self {
        let mut table = Self { unit, results };
        for difference in workloads::differences() {
            table.add(difference);
        }
        table
    }

    fn add(&mut self, difference: Difference) {
        let find = |name| {
            let position = self.results.iter().position(|r| r.workload.name == name);
            position.expect("a difference names workloads of the table")
        };
        let (from, minus) = (find(difference.from), find(difference.minus));
        let pairs = self.results[from]
            .figures
            .iter()
            .zip(&self.results[minus].figures);
        let figures = pairs
            .map(|((name, side, from), (_, _, minus))| {
                (*name, *side, from.difference(minus, difference.over))
            })
            .collect();
        let workload = difference.workload;
        self.results
            .insert(from + 1, Measured { workload, figures });
    }

    /// Those of ours that exceed what they are held to by more than this part of it.
    #[must_use]
    pub fn worse(&self, slack: f64) -> Vec<String> {
        let rows = self.rows();
        let worse = rows.iter().filter(|row| row.is_worse(slack));
        worse
            .map(|row| format!("{}: {}", row.workload.name, row.name))
            .collect()
    }

    /// The table as text.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::from(self.unit.heading());
        let mut last = "";
        for row in self.rows() {
            let name = row.workload.name;
            row.write(if name == last { "" } else { name }, self.unit, &mut text);
            last = name;
        }
        text
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let rows = self.results.iter().flat_map(|result| {
            let figures = result.figures.iter();
            figures.map(move |(name, side, figure)| Row {
                workload: &result.workload,
                name,
                side: *side,
                figure,
                ratios: result.ratios(self.unit, *side, figure),
            })
        });
        rows.collect()
    }
}

impl Measured {
    fn ratios(&self, unit: Unit, side: Side, figure: &Figure) -> Vec<Ratio> {
        let ratio = |of: &'static str, limit, held| {
            let peer = self.figures.iter().find(|(name, _, _)| *name == of);
            let (_, _, peer) = peer.expect("a workload has the peers of its goals");
            let value = figure.ratio(peer);
            Ratio {
                of,
                value,
                limit,
                held,
            }
        };
        let goals = &self.workload.goals;
        if side == Side::Peer || goals.is_empty() {
            return vec![ratio(self.workload.baseline, None, None)];
        }
        let goals = goals.iter();
        goals
            .map(|goal| ratio(goal.of, Some(unit.limit(goal)), Some(goal.held)))
            .collect()
    }
}

impl Row<'_> {
    fn misses(&self) -> bool {
        let exceeds = |ratio: &Ratio| ratio.limit.is_some_and(|limit| ratio.value > limit);
        self.is_locked() || self.ratios.iter().any(exceeds)
    }

    fn is_worse(&self, slack: f64) -> bool {
        let exceeds = |ratio: &Ratio| ratio.held.is_some_and(|h| ratio.value > h * (1.0 + slack));
        self.is_locked() || self.ratios.iter().any(exceeds)
    }

    fn is_locked(&self) -> bool {
        let locks = || self.figure.locked.is_some_and(|locked| locked > 0.01);
        self.side == Side::Ours && self.workload.unlocked && locks()
    }

    fn write(&self, workload: &str, unit: Unit, text: &mut String) {
        let name = match self.side {
            Side::Ours => format!("**{}**", self.name),
            Side::Peer => self.name.to_owned(),
        };
        let decimals = usize::from(self.figure.least < 100.0);
        let cost = format!("{:.decimals$}", self.figure.least);
        let locked = self.figure.locked.map(|locked| format!(" {locked:.0} |"));
        let locked = locked.filter(|_| unit == Unit::Instructions);
        let line = format!(
            "| {workload} | {name} | {cost} |{} {} | {} | {} |",
            locked.unwrap_or_default(),
            self.list(|ratio| Some(format!("{:.2} of {}", ratio.value, ratio.of))),
            self.goals(unit),
            self.verdict(),
        );
        let _ = writeln!(text, "{line}");
    }

    fn goals(&self, unit: Unit) -> String {
        let limits = self.list(|ratio| ratio.limit.map(|limit| format!("{limit:.2}")));
        let is_counted = unit == Unit::Instructions && self.side == Side::Ours;
        if is_counted && self.workload.unlocked {
            format!("{limits}, none locked")
        } else {
            limits
        }
    }

    fn list(&self, show: impl Fn(&Ratio) -> Option<String>) -> String {
        let shown: Vec<_> = self.ratios.iter().filter_map(show).collect();
        shown.join(", ")
    }

    fn verdict(&self) -> &'static str {
        match self.ratios.iter().all(|ratio| ratio.limit.is_none()) {
            true => "",
            false if self.misses() => "missed",
            false => "ok",
        }
    }
}

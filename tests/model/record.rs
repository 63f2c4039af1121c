//! What happened, in a form that can be compared.

/// What was seen, and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub round: u64,
    pub text: String,
}

#[derive(Clone, Debug, Default)]
pub struct Record {
    pub lines: Vec<Line>,
    /// Which guard was asked about what.
    pub asked: Vec<String>,
    /// Cleanups were left to the runtime, which runs them between the rounds.
    pub handed: bool,
}

/// Reasons as text. Those of one instant have no order here: the cases of `reasons.rs` see to it.
pub fn reasons(all: impl Iterator<Item = (u64, String)>) -> String {
    let mut all: Vec<_> = all.collect();
    all.sort();
    all.dedup();
    let all: Vec<_> = all
        .iter()
        .map(|(at, code)| format!("{code}@{at}"))
        .collect();
    format!("[{}]", all.join(" "))
}

impl Record {
    /// Without what nobody promises: the order of what the runtime does between the rounds, and
    /// (`unordered`) that of the parts of a `FuturesUnordered`, or that the guards in these are
    /// asked once a fence around has fired: such a part is not woken for it.
    pub fn settled(mut self, handed: bool, unordered: bool) -> (Vec<Line>, Vec<Line>, Vec<String>) {
        self.asked.sort();
        let is_cleanup = |line: &Line| handed && line.text.contains("clean");
        let (mut cleanups, mut lines): (Vec<_>, Vec<_>) =
            self.lines.into_iter().partition(is_cleanup);
        cleanups.sort();
        if unordered {
            lines.sort();
            self.asked.clear();
        }
        (lines, cleanups, self.asked)
    }
}

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

impl Line {
    fn forget_declines(&mut self) {
        if let Some((start, rest)) = self.text.split_once(" declined [") {
            if start.contains("dropped@") {
                let rest = rest.split_once(']').map_or("", |(_, rest)| rest);
                self.text = format!("{start}{rest}");
            }
        }
    }
}

impl Record {
    /// Without what nobody promises: the order of what the runtime does between the rounds, and
    /// whether a fence that is dropped knows of declines that its destructors brought about.
    pub fn settled(mut self, handed: bool) -> (Vec<Line>, Vec<Line>, Vec<String>) {
        self.asked.sort();
        for line in &mut self.lines {
            line.forget_declines();
        }
        let is_cleanup = |line: &Line| handed && line.text.contains("clean");
        let (mut cleanups, lines): (Vec<_>, Vec<_>) = self.lines.into_iter().partition(is_cleanup);
        cleanups.sort();
        (lines, cleanups, self.asked)
    }
}

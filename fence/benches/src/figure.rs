//! What did a program cost, and what is the ratio of two costs?

/// What one operation of a program costs.
#[derive(Clone, Debug, Default)]
pub struct Figure {
    /// The least of all rounds.
    pub least: f64,
    /// Locked instructions, if they were counted.
    pub locked: Option<f64>,
    /// Round by round, in step with the other programs of the workload.
    pub rounds: Vec<f64>,
}

impl Figure {
    /// What was counted exactly.
    #[must_use]
    pub fn exact(cost: f64, locked: f64) -> Self {
        Self {
            least: cost,
            locked: Some(locked),
            rounds: vec![cost],
        }
    }

    /// What was measured again and again.
    #[must_use]
    pub fn measured(rounds: Vec<f64>) -> Self {
        Self {
            least: rounds.iter().copied().fold(f64::INFINITY, f64::min),
            locked: None,
            rounds,
        }
    }

    /// The median of the ratios of rounds that were measured right after each other.
    #[must_use]
    pub fn ratio(&self, of: &Self) -> f64 {
        let pairs = self.rounds.iter().zip(&of.rounds);
        median(pairs.map(|(ours, theirs)| ours / theirs).collect())
    }

    /// What one of the operations costs by which two programs differ.
    #[must_use]
    pub fn difference(&self, minus: &Self, over: u32) -> Self {
        let over = f64::from(over);
        let per = |(a, b): (&f64, &f64)| (a - b) / over;
        Self {
            least: (self.least - minus.least) / over,
            locked: self.locked.zip(minus.locked).map(|(a, b)| per((&a, &b))),
            rounds: self.rounds.iter().zip(&minus.rounds).map(per).collect(),
        }
    }
}

/// The one in the middle.
///
/// # Panics
///
/// If there is none.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

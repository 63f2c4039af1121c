//! What the code asks of the fences around it, and they of their guards.

use crate::fences::Frame;
use crate::model::Model;

#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Yes,
    No,
    Ask,
}

/// The enclosing fences up to a shield, innermost first.
pub fn visible(frames: &[Frame]) -> Vec<usize> {
    let fences = frames.iter().rev().map_while(|frame| match frame {
        Frame::Fence(fence) => Some(*fence),
        Frame::Shield => None,
    });
    fences.collect()
}

impl Model<'_> {
    /// Somebody is told of the end of the fences around.
    pub fn adopt(&mut self, frames: &[Frame]) {
        for fence in visible(frames) {
            self.fences[fence].has_family = true;
        }
    }

    /// Asks the guards about what they were not asked about; whether anything was accepted (D24).
    pub fn ask_guards(&mut self, fence: usize) -> bool {
        for reason in self.all_fired(fence) {
            let this = &self.fences[fence];
            if this.asked.iter().any(|(asked, _)| *asked == reason) {
                continue;
            }
            let mut accepted = true;
            for (id, codes) in this.set.guards.clone() {
                self.record.asked.push(format!("{id} {}", reason.2));
                accepted = codes.iter().any(|event| reason.2 == format!("e{event}"));
                if !accepted {
                    break;
                }
            }
            self.fences[fence].asked.push((reason, accepted));
        }
        self.has_accepted(fence)
    }

    pub fn has_accepted(&self, fence: usize) -> bool {
        self.fences[fence]
            .asked
            .iter()
            .any(|(_, accepted)| *accepted)
    }

    /// Whether what fired may cancel it. If so, those inside are told.
    pub fn accept(&mut self, fence: usize) -> bool {
        if !self.fences[fence].set.guards.is_empty() && !self.ask_guards(fence) {
            return false;
        }
        let (primary, now) = (self.primary(fence), self.now);
        let this = &mut self.fences[fence];
        this.told = primary;
        this.cut_at = this.set.grace.map(|grace| now + grace);
        true
    }

    fn answer(&self, fence: usize, cuts: bool) -> Answer {
        let this = &self.fences[fence];
        let is_lenient = this.set.is_lenient();
        let fired = if cuts {
            self.all_fired(fence)
        } else {
            self.seen(fence)
        };
        if this.told.is_some() {
            let is_overdue = !this.set.cooperative && this.cut_at.is_some_and(|at| at <= self.now);
            return if cuts && is_lenient && !is_overdue {
                Answer::No
            } else {
                Answer::Yes
            };
        }
        if cuts && is_lenient {
            return Answer::No;
        }
        match this.set.guards.is_empty() {
            true if fired.is_empty() => Answer::No,
            true => Answer::Yes,
            false if self.has_accepted(fence) => Answer::Yes,
            false if self.all_fired(fence).is_empty() => Answer::No,
            false => Answer::Ask,
        }
    }

    pub fn ask(&mut self, frames: &[Frame], cuts: bool) -> bool {
        let visible = visible(frames);
        if cuts {
            for fence in &visible {
                self.look_around(*fence);
            }
        }
        let answers: Vec<_> = visible
            .iter()
            .map(|fence| self.answer(*fence, cuts))
            .collect();
        if answers.contains(&Answer::Yes) || !answers.contains(&Answer::Ask) {
            return answers.contains(&Answer::Yes);
        }
        let undecided = visible
            .iter()
            .zip(answers)
            .filter(|(_, answer)| *answer == Answer::Ask);
        let undecided: Vec<_> = undecided.map(|(fence, _)| *fence).collect();
        self.ask_all_guards(&undecided);
        visible
            .iter()
            .any(|fence| self.answer(*fence, cuts) == Answer::Yes)
    }

    pub fn ask_all_guards(&mut self, visible: &[usize]) {
        for fence in visible.iter().rev() {
            if !self.fences[*fence].set.guards.is_empty() {
                self.ask_guards(*fence);
            }
        }
    }

    /// Whether an enclosing fence cuts (D5, D13).
    pub fn cuts(&mut self, frames: &[Frame]) -> bool {
        self.ask(frames, true)
    }

    /// Why the outermost enclosing fence that has fired did so, as text.
    pub fn why(&mut self, frames: &[Frame]) -> Option<String> {
        if !self.ask(frames, false) {
            return None;
        }
        let visible = visible(frames);
        self.ask_all_guards(&visible);
        let mut outermost = visible.into_iter().rev();
        let fence = outermost.find(|fence| !self.seen(*fence).is_empty())?;
        Some(self.reasons_text(fence, true))
    }
}

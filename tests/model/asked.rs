//! What the code asks of the fences around it, and they of their guards.

use crate::fences::Frame;
use crate::model::Model;
use crate::sometimes::Fact;

#[derive(Clone, Copy, PartialEq)]
pub enum Answer {
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
            self.fences[fence].is_shared = true;
        }
    }

    /// The fences around, those included around the places where tasks were spawned.
    pub fn families(&self, frames: &[Frame]) -> Vec<usize> {
        let mut all = visible(frames);
        let mut next = 0;
        while let Some(fence) = all.get(next) {
            all.extend(self.fences[*fence].lineage.clone());
            next += 1;
        }
        all
    }

    /// Asks the guards about what they were not asked about; whether anything was accepted (D24).
    pub fn ask_guards(&mut self, fence: usize) -> bool {
        for reason in self.all_fired(fence) {
            let this = &self.fences[fence];
            if this.asked.iter().any(|(asked, _)| *asked == reason) {
                continue;
            }
            let mut accepted = true;
            for (id, guard) in this.set.guards.clone() {
                self.record.asked.push(format!("{id} {}", reason.2));
                accepted = guard.accepts(&reason.2) || guard.panics;
                if !accepted {
                    self.facts.insert(Fact::Declined);
                    break;
                }
            }
            self.fences[fence].asked.push((reason, accepted));
        }
        self.has_accepted(fence)
    }

    /// What comes in through a handle or a link is asked of guards alone.
    pub fn has_accepted(&self, fence: usize) -> bool {
        let this = &self.fences[fence];
        let came_in = this.set.guards.is_empty() && !this.links.is_empty();
        came_in || this.asked.iter().any(|(_, accepted)| *accepted)
    }

    /// Whether what fired may cancel it. If so, those inside are told.
    pub fn accept(&mut self, fence: usize) -> bool {
        if self.is_guarded(fence) && !self.ask_guards(fence) {
            return false;
        }
        let (primary, now) = (self.primary(fence), self.now);
        let this = &mut self.fences[fence];
        this.told = primary;
        this.cut_at = this.set.grace.map(|grace| now + grace);
        self.stirred += 1;
        true
    }

    pub fn answer(&self, fence: usize, cuts: bool) -> Answer {
        let this = &self.fences[fence];
        let is_lenient = this.set.is_lenient();
        let has_fired = if cuts {
            !self.all_fired(fence).is_empty()
        } else {
            self.is_seen(fence)
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
        match !self.is_guarded(fence) {
            true if !has_fired => Answer::No,
            true => Answer::Yes,
            false if self.has_accepted(fence) => Answer::Yes,
            false if self.all_fired(fence).is_empty() => Answer::No,
            false => Answer::Ask,
        }
    }

    /// The fences around that are asked. To what a destructor starts, one that is ending is a
    /// shield (D14).
    fn asked_by(&self, frames: &[Frame], cuts: bool) -> Vec<usize> {
        let visible = visible(frames).into_iter();
        let asked = visible.take_while(|fence| !cuts || !self.fences[*fence].is_ending);
        asked.collect()
    }

    pub fn ask(&mut self, frames: &[Frame], cuts: bool) -> bool {
        let visible = self.asked_by(frames, cuts);
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
            if self.is_guarded(*fence) {
                self.ask_guards(*fence);
            }
        }
    }

    /// Whether a fence may not start here: it looks no further than to the first that cuts.
    pub fn keeps_from_starting(&mut self, frames: &[Frame]) -> bool {
        for fence in self.asked_by(frames, true) {
            self.look_around(fence);
            if self.answer(fence, true) == Answer::Yes {
                self.wait_for_outermost(frames);
                return true;
            }
        }
        self.is_blocked(frames)
    }

    /// What is kept from going on finds the fence that it waits for: the outermost that cuts (D5a).
    pub fn wait_for_outermost(&mut self, frames: &[Frame]) {
        for fence in self.asked_by(frames, true).into_iter().rev() {
            if self.answer(fence, true) == Answer::Ask {
                self.ask_guards(fence);
            }
            if self.answer(fence, true) == Answer::Yes {
                return;
            }
        }
    }

    /// Whether an enclosing fence cuts (D5, D13), so that the code here waits for it.
    pub fn is_blocked(&mut self, frames: &[Frame]) -> bool {
        let cuts = self.cuts(frames);
        if cuts {
            self.wait_for_outermost(frames);
        }
        cuts
    }

    /// Whether an enclosing fence cuts (D5, D13).
    pub fn cuts(&mut self, frames: &[Frame]) -> bool {
        self.ask(frames, true)
    }

    /// Whether a fence around that cuts has been held up for as long as it may be (D21).
    pub fn is_late(&mut self, frames: &[Frame]) -> bool {
        let asked = self.asked_by(frames, true);
        let cuts = |fence: &usize| self.answer(*fence, true) == Answer::Yes;
        let in_cut = asked.iter().any(cuts).then_some(Fact::ShieldInCut);
        self.facts.extend(in_cut);
        let is_late = |fence: &usize| {
            let until = self.fences[*fence].shields_until;
            until.is_some_and(|until| until <= self.now)
        };
        let is_late = asked.iter().any(is_late);
        if is_late {
            self.wait_for_outermost(frames);
            self.facts.insert(Fact::LateShield);
        }
        is_late
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

//! What a case does: a tree of code, and when its events are set.

use std::fmt;

/// Milliseconds of a round. Limits pass in the middle of one, so that nothing is a tie.
pub const ROUND: u64 = 10;

pub const EVENTS: usize = 4;

/// Rounds in which something is begun or set; then the case is left to end by itself.
pub const BUSY: u64 = 8;

pub const ROUNDS: u64 = 60;

#[derive(Clone, Debug)]
pub struct Case {
    pub tree: Node,
    /// The round in which each event is set.
    pub sets: [u64; EVENTS],
    /// Which of them fences see as sources of another make.
    pub foreign: [bool; EVENTS],
    /// The round before which the whole is dropped.
    pub kill: Option<u64>,
    /// All tasks are polled with equal wakers.
    pub one_waker: bool,
}

#[derive(Clone)]
pub struct Node {
    pub id: usize,
    pub plan: Plan,
}

#[derive(Clone, Debug)]
pub enum Plan {
    /// Waits that many rounds.
    Ticks(u64),
    Fire(Fire),
    Panic,
    Remaining,
    Checkpoint,
    /// Waits until it is told of a cancellation.
    Cancelled,
    Cleanup(Undo),
    /// A cleanup that is taken back after the code.
    Undo(Undo, Box<Node>),
    /// A value that does this when it is dropped, after the code.
    Drops(Drops, Box<Node>),
    Bind(Spec, Box<Node>),
    Fence(Spec, Box<Node>),
    Shield(Box<Node>),
    Spawn(Box<Node>),
    /// Stops a panic.
    Catch(Box<Node>),
    Seq(Vec<Node>),
    Join(Vec<Node>),
    /// Like `Join`, with a waker for each, and only what was woken is polled.
    Set(Vec<Node>),
    /// Such a set that no fence owns which polls it.
    Pool(Pool, Vec<Node>),
    Race(Vec<Node>),
}

/// What may be done anywhere, also in a destructor.
#[derive(Clone, Debug)]
pub enum Fire {
    Set(usize),
    /// Cancels the fence around of that number (`Node::number` finds it), if it has a handle.
    Cancel(usize),
    Check,
    Quiet,
}

#[derive(Clone, Debug)]
pub struct Drops {
    pub fire: Fire,
    /// The body has it before its first poll.
    pub is_captured: bool,
}

#[derive(Clone, Debug)]
pub struct Undo {
    pub ticks: u64,
    pub panics: bool,
}

/// Waits for one part after the other in fences of its own.
#[derive(Clone, Debug)]
pub struct Pool {
    pub spec: Spec,
    /// How many of these may be cancelled; then it waits without one, or drops what is left.
    pub tries: u64,
    pub drains: bool,
}

/// A fencing. The numbers of limits are rounds.
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "it is a list of options")]
pub struct Spec {
    /// Extends what is bound.
    pub extends: bool,
    /// As a macro writes it, if it has no policies: with the sources in the type of the fence.
    pub written: bool,
    /// The round in which its handle cancels the fence, if it is one from the builder.
    pub cancel: Option<u64>,
    pub events: Vec<usize>,
    pub timeout: Option<u64>,
    pub budget: Option<u64>,
    pub guard: Option<Guard>,
    pub grace: Option<u64>,
    pub cooperative: bool,
    pub linked: bool,
    pub cleanup: Option<u64>,
}

/// Declines all but the events of these numbers, or panics instead, which is no decline.
#[derive(Clone, Debug)]
pub struct Guard {
    pub accepts: Vec<usize>,
    pub panics: bool,
}

impl Spec {
    pub fn is_written(&self) -> bool {
        let has_policies = self.guard.is_some()
            || self.grace.is_some()
            || self.cooperative
            || self.linked
            || self.cleanup.is_some();
        self.written && !has_policies
    }

    pub fn has_handle(&self) -> bool {
        self.cancel.is_some() && !self.is_written()
    }
}

impl Guard {
    pub fn accepts(&self, code: &str) -> bool {
        self.accepts.iter().any(|event| code == format!("e{event}"))
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:?}", self.id, self.plan)
    }
}

/// What is unusual.
impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_set();
        let flags = [
            (self.extends, "extends"),
            (self.is_written(), "written"),
            (self.cooperative, "cooperative"),
            (self.linked, "linked"),
        ];
        list.entries(flags.iter().filter(|flag| flag.0).map(|flag| flag.1));
        list.entries(self.events.iter().map(|event| format!("e{event}")));
        let rounds = [
            ("cancel", self.cancel.filter(|_| self.has_handle())),
            ("timeout", self.timeout),
            ("budget", self.budget),
            ("grace", self.grace),
            ("cleanup", self.cleanup),
        ];
        list.entries(rounds.iter().filter(|(_, rounds)| rounds.is_some()));
        list.entries(&self.guard);
        list.finish()
    }
}

/// How long so many rounds are: never the end of one.
pub fn limit(rounds: u64) -> u64 {
    (rounds * ROUND).saturating_sub(ROUND / 2)
}

impl Plan {
    pub fn inside(&self) -> &[Node] {
        match self {
            Self::Undo(_, body)
            | Self::Drops(_, body)
            | Self::Bind(_, body)
            | Self::Fence(_, body)
            | Self::Shield(body)
            | Self::Spawn(body)
            | Self::Catch(body) => std::slice::from_ref(&**body),
            Self::Seq(all)
            | Self::Join(all)
            | Self::Set(all)
            | Self::Pool(_, all)
            | Self::Race(all) => all,
            _ => &[],
        }
    }

    pub fn inside_mut(&mut self) -> &mut [Node] {
        match self {
            Self::Undo(_, body)
            | Self::Drops(_, body)
            | Self::Bind(_, body)
            | Self::Fence(_, body)
            | Self::Shield(body)
            | Self::Spawn(body)
            | Self::Catch(body) => std::slice::from_mut(&mut **body),
            Self::Seq(all)
            | Self::Join(all)
            | Self::Set(all)
            | Self::Pool(_, all)
            | Self::Race(all) => all,
            _ => &mut [],
        }
    }

    fn fire_mut(&mut self) -> Option<&mut Fire> {
        match self {
            Self::Fire(fire) | Self::Drops(Drops { fire, .. }, _) => Some(fire),
            _ => None,
        }
    }
}

impl Node {
    pub fn new(plan: Plan) -> Self {
        Self { id: 0, plan }
    }

    /// Whether a part of it is of that kind.
    pub fn has(&self, wanted: &dyn Fn(&Plan) -> bool) -> bool {
        wanted(&self.plan) || self.plan.inside().iter().any(|node| node.has(wanted))
    }

    /// Numbers the nodes; `handles` are those of the fences around that have one, outermost first.
    pub fn number(&mut self, next: &mut usize, handles: &mut Vec<usize>) {
        self.id = *next;
        *next += 1;
        if let Some(fire @ Fire::Cancel(_)) = self.plan.fire_mut() {
            let Fire::Cancel(nth) = *fire else {
                unreachable!()
            };
            let at = |nth| handles.get(nth % handles.len().max(1)).copied();
            *fire = at(nth).map_or(Fire::Quiet, Fire::Cancel);
        }
        let has_handle = matches!(&self.plan, Plan::Fence(spec, _) if spec.has_handle());
        if has_handle {
            handles.push(self.id);
        }
        for node in self.plan.inside_mut() {
            node.number(next, handles);
        }
        if has_handle {
            handles.pop();
        }
    }
}

//! What a case does: a tree of code, and when its events are set.

use proptest::prelude::*;

/// Milliseconds of a round. Limits pass in the middle of one, so that nothing is a tie.
pub const ROUND: u64 = 10;

pub const EVENTS: usize = 4;

/// Rounds in which something is begun or set; then the case is left to end by itself.
pub const BUSY: u64 = 8;

pub const ROUNDS: u64 = 60;

const DEPTH: u32 = 5;

#[derive(Clone, Debug)]
pub struct Case {
    pub tree: Node,
    /// The round in which each event is set.
    pub sets: [u64; EVENTS],
    /// The round before which the whole is dropped.
    pub kill: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub id: usize,
    pub plan: Plan,
}

#[derive(Clone, Debug)]
pub enum Plan {
    /// Waits that many rounds.
    Ticks(u64),
    Set(usize),
    Check,
    Remaining,
    Checkpoint,
    /// Waits until it is told of a cancellation.
    Cancelled,
    Cleanup(Undo),
    /// A cleanup that is taken back after the code.
    Undo(Undo, Box<Node>),
    Bind(Spec, Box<Node>),
    Fence(Spec, Box<Node>),
    Shield(Box<Node>),
    Spawn(Box<Node>),
    Seq(Vec<Node>),
    Join(Vec<Node>),
    /// Like `Join`, with a waker for each.
    Unordered(Vec<Node>),
    Race(Vec<Node>),
}

#[derive(Clone, Debug)]
pub struct Undo {
    pub ticks: u64,
    pub panics: bool,
}

/// A fencing. The numbers of limits are rounds.
#[derive(Clone, Debug)]
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
    /// Declines all but the events of these numbers.
    pub guard: Option<Vec<usize>>,
    pub grace: Option<u64>,
    pub cooperative: bool,
    pub linked: bool,
    pub cleanup: Option<u64>,
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
}

/// How long so many rounds are: never the end of one.
pub fn limit(rounds: u64) -> u64 {
    (rounds * ROUND).saturating_sub(ROUND / 2)
}

fn rarely<T: std::fmt::Debug>(
    weight: u32,
    some: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    prop_oneof![10 - weight => none(), weight => some.prop_map(Some)]
}

fn none<T: std::fmt::Debug>() -> impl Strategy<Value = Option<T>> {
    (0..1).prop_map(|_| None)
}

fn events() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![1 => Just(Vec::new()), 3 => prop::collection::vec(0..EVENTS, 1..3)]
}

fn spec() -> impl Strategy<Value = Spec> {
    let sources = (
        (any::<bool>(), any::<bool>(), rarely(1, 0..BUSY)),
        events(),
        rarely(5, 0..8_u64),
        rarely(2, 0..8_u64),
    );
    let policies = (
        rarely(3, events()),
        rarely(2, 0..4_u64),
        rarely(1, Just(())),
        rarely(3, Just(())),
        rarely(3, 0..3_u64),
    );
    (sources, policies).prop_map(|(sources, policies)| Spec {
        extends: sources.0.0,
        written: sources.0.1,
        cancel: sources.0.2,
        events: sources.1,
        timeout: sources.2,
        budget: sources.3,
        guard: policies.0,
        grace: policies.1,
        cooperative: policies.2.is_some(),
        linked: policies.3.is_some(),
        cleanup: policies.4,
    })
}

fn undo() -> impl Strategy<Value = Undo> {
    (0..6_u64, rarely(2, Just(()))).prop_map(|(ticks, panics)| Undo {
        ticks,
        panics: panics.is_some(),
    })
}

fn leaf() -> impl Strategy<Value = Plan> {
    prop_oneof![
        8 => (1..10_u64).prop_map(Plan::Ticks),
        1 => (0..EVENTS).prop_map(Plan::Set),
        2 => Just(Plan::Check),
        1 => Just(Plan::Remaining),
        1 => Just(Plan::Checkpoint),
        1 => Just(Plan::Cancelled),
        3 => undo().prop_map(Plan::Cleanup),
    ]
}

fn plan(depth: u32) -> BoxedStrategy<Plan> {
    if depth == 0 {
        return leaf().boxed();
    }
    let node = plan(depth - 1).prop_map(|plan| Node { id: 0, plan });
    let one = node.clone().prop_map(Box::new);
    let some = prop::collection::vec(node, 1..4);
    prop_oneof![
        3 => leaf(),
        1 => (undo(), one.clone()).prop_map(|(undo, body)| Plan::Undo(undo, body)),
        1 => (spec(), one.clone()).prop_map(|(spec, body)| Plan::Bind(spec, body)),
        7 => (spec(), one.clone()).prop_map(|(spec, body)| Plan::Fence(spec, body)),
        2 => one.clone().prop_map(Plan::Shield),
        2 => one.prop_map(Plan::Spawn),
        6 => some.clone().prop_map(Plan::Seq),
        2 => some.clone().prop_map(Plan::Join),
        1 => some.clone().prop_map(Plan::Unordered),
        1 => some.prop_map(Plan::Race),
    ]
    .boxed()
}

/// A whole case is rather large.
fn root() -> impl Strategy<Value = Plan> {
    let node = plan(DEPTH).prop_map(|plan| Node { id: 0, plan });
    let some = prop::collection::vec(node, 2..5);
    let body = prop_oneof![some.clone().prop_map(Plan::Seq), some.prop_map(Plan::Join)];
    let body = body.prop_map(|plan| Box::new(Node { id: 0, plan }));
    (spec(), body).prop_map(|(spec, body)| Plan::Fence(spec, body))
}

pub fn case() -> impl Strategy<Value = Case> {
    let kill = rarely(2, 1..BUSY);
    let sets = prop::array::uniform4(0..2 * BUSY);
    (root(), sets, kill).prop_map(|(plan, sets, kill)| {
        let mut tree = Node { id: 0, plan };
        tree.number(&mut 0);
        // Parts with wakers of their own may be polled twice a round if something in the tree wakes
        // them, and a round late if they are parts of such parts.
        if tree.has(&Plan::wakes) || tree.has(&Plan::is_deep) {
            tree.order();
        }
        tree.hurry();
        Case { tree, sets, kill }
    })
}

impl Plan {
    fn wakes(&self) -> bool {
        match self {
            Self::Set(_) | Self::Cancelled => true,
            Self::Bind(spec, _) | Self::Fence(spec, _) => spec.linked,
            _ => false,
        }
    }

    fn cleans(&self) -> bool {
        matches!(self, Self::Undo(..) | Self::Cleanup(_))
    }

    fn is_deep(&self) -> bool {
        let is_unordered = |plan: &Self| matches!(plan, Self::Unordered(_));
        matches!(self, Self::Unordered(all) if all.iter().any(|node| node.has(&is_unordered)))
    }

    fn inside(&mut self) -> &mut [Node] {
        match self {
            Self::Undo(_, body)
            | Self::Bind(_, body)
            | Self::Fence(_, body)
            | Self::Shield(body)
            | Self::Spawn(body) => std::slice::from_mut(&mut **body),
            Self::Seq(all) | Self::Join(all) | Self::Unordered(all) | Self::Race(all) => all,
            _ => &mut [],
        }
    }
}

impl Node {
    fn number(&mut self, next: &mut usize) {
        self.id = *next;
        *next += 1;
        for node in self.plan.inside() {
            node.number(next);
        }
    }

    /// Turns what has wakers of its own into what has not.
    fn order(&mut self) {
        if let Plan::Unordered(all) = &mut self.plan {
            self.plan = Plan::Join(std::mem::take(all));
        }
        self.plan.inside().iter_mut().for_each(Self::order);
    }

    /// Which parts of a `FuturesUnordered` are dropped first depends on who was woken last. If more
    /// than one of them has a cleanup, none of these takes time that would show in which order.
    fn hurry(&mut self) {
        if let Plan::Unordered(all) = &mut self.plan {
            let cleaning = all.iter().filter(|node| node.has(&Plan::cleans)).count();
            if cleaning > 1 {
                all.iter_mut().for_each(Self::clean_at_once);
            }
        }
        self.plan.inside().iter_mut().for_each(Self::hurry);
    }

    fn clean_at_once(&mut self) {
        if let Plan::Undo(undo, _) | Plan::Cleanup(undo) = &mut self.plan {
            undo.ticks = 0;
        }
        self.plan.inside().iter_mut().for_each(Self::clean_at_once);
    }

    /// Whether a part of it is of that kind.
    pub fn has(&self, wanted: &dyn Fn(&Plan) -> bool) -> bool {
        let inside = match &self.plan {
            Plan::Undo(_, body)
            | Plan::Bind(_, body)
            | Plan::Fence(_, body)
            | Plan::Shield(body)
            | Plan::Spawn(body) => std::slice::from_ref(&**body),
            Plan::Seq(all) | Plan::Join(all) | Plan::Unordered(all) | Plan::Race(all) => all,
            _ => &[],
        };
        wanted(&self.plan) || inside.iter().any(|node| node.has(wanted))
    }
}

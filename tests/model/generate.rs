//! Random cases.

use proptest::prelude::*;

use crate::plan::{BUSY, Case, Drops, EVENTS, Fire, Guard, Node, Plan, Pool, Spec, Undo};

const DEPTH: u32 = 5;

fn rarely<T: std::fmt::Debug>(
    weight: u32,
    some: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    prop_oneof![10 - weight => none(), weight => some.prop_map(Some)]
}

fn none<T: std::fmt::Debug>() -> impl Strategy<Value = Option<T>> {
    (0..1).prop_map(|_| None)
}

/// Weighted like `rarely`.
fn sometimes(weight: u32) -> impl Strategy<Value = bool> {
    prop_oneof![10 - weight => Just(false), weight => Just(true)]
}

fn events() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![1 => Just(Vec::new()), 3 => prop::collection::vec(0..EVENTS, 1..3)]
}

fn guard() -> impl Strategy<Value = Guard> {
    (events(), sometimes(2)).prop_map(|(accepts, panics)| Guard { accepts, panics })
}

fn spec() -> impl Strategy<Value = Spec> {
    let sources = (
        (any::<bool>(), any::<bool>()),
        rarely(2, 0..2 * BUSY),
        events(),
        rarely(5, 0..8_u64),
        rarely(2, 0..8_u64),
    );
    let policies = (
        rarely(3, guard()),
        rarely(2, 0..4_u64),
        sometimes(1),
        sometimes(3),
        rarely(3, 0..3_u64),
    );
    (sources, policies).prop_map(|(sources, policies)| Spec {
        extends: sources.0.0,
        written: sources.0.1,
        cancel: sources.1,
        events: sources.2,
        timeout: sources.3,
        budget: sources.4,
        guard: policies.0,
        grace: policies.1,
        cooperative: policies.2,
        linked: policies.3,
        cleanup: policies.4,
    })
}

fn undo() -> impl Strategy<Value = Undo> {
    (0..6_u64, sometimes(2)).prop_map(|(ticks, panics)| Undo { ticks, panics })
}

fn fire() -> impl Strategy<Value = Fire> {
    prop_oneof![
        3 => (0..EVENTS).prop_map(Fire::Set),
        2 => (0..4_usize).prop_map(Fire::Cancel),
        3 => Just(Fire::Check),
    ]
}

fn drops() -> impl Strategy<Value = Drops> {
    (fire(), any::<bool>()).prop_map(|(fire, is_captured)| Drops { fire, is_captured })
}

fn pool() -> impl Strategy<Value = Pool> {
    (spec(), 1..5_u64, sometimes(8)).prop_map(|(spec, tries, drains)| {
        let spec = Spec {
            cancel: None,
            ..spec
        };
        Pool {
            spec,
            tries,
            drains,
        }
    })
}

fn leaf() -> impl Strategy<Value = Plan> {
    prop_oneof![
        16 => (1..10_u64).prop_map(Plan::Ticks),
        6 => fire().prop_map(Plan::Fire),
        1 => Just(Plan::Panic),
        2 => Just(Plan::Remaining),
        2 => Just(Plan::Checkpoint),
        2 => Just(Plan::Cancelled),
        6 => undo().prop_map(Plan::Cleanup),
    ]
}

fn plan(depth: u32) -> BoxedStrategy<Plan> {
    if depth == 0 {
        return leaf().boxed();
    }
    let node = plan(depth - 1).prop_map(Node::new);
    let one = node.clone().prop_map(Box::new);
    let some = prop::collection::vec(node, 1..4);
    prop_oneof![
        6 => leaf(),
        2 => (undo(), one.clone()).prop_map(|(undo, body)| Plan::Undo(undo, body)),
        2 => (drops(), one.clone()).prop_map(|(drops, body)| Plan::Drops(drops, body)),
        2 => (spec(), one.clone()).prop_map(|(spec, body)| Plan::Bind(spec, body)),
        12 => (spec(), one.clone()).prop_map(|(spec, body)| Plan::Fence(spec, body)),
        4 => one.clone().prop_map(Plan::Shield),
        3 => one.clone().prop_map(Plan::Spawn),
        1 => one.prop_map(Plan::Catch),
        10 => some.clone().prop_map(Plan::Seq),
        3 => some.clone().prop_map(Plan::Join),
        3 => some.clone().prop_map(Plan::Set),
        3 => (pool(), some.clone()).prop_map(|(pool, all)| Plan::Pool(pool, all)),
        2 => some.prop_map(Plan::Race),
    ]
    .boxed()
}

/// A whole case is rather large.
fn root() -> impl Strategy<Value = Plan> {
    let node = plan(DEPTH).prop_map(Node::new);
    let some = prop::collection::vec(node, 2..5);
    let body = prop_oneof![
        2 => some.clone().prop_map(Plan::Seq),
        2 => some.clone().prop_map(Plan::Join),
        1 => (pool(), some).prop_map(|(pool, all)| Plan::Pool(pool, all)),
    ];
    let body = body.prop_map(|plan| Box::new(Node::new(plan)));
    (spec(), body).prop_map(|(spec, body)| Plan::Fence(spec, body))
}

pub fn case() -> impl Strategy<Value = Case> {
    let kill = rarely(2, 1..BUSY);
    let sets = prop::array::uniform4(0..2 * BUSY);
    let foreign = prop::array::uniform4(sometimes(2));
    let case = (root(), sets, foreign, kill, sometimes(2));
    case.prop_map(|(plan, sets, foreign, kill, one_waker)| {
        let mut tree = Node::new(plan);
        // Whether what destructors ask of guards counts is not settled.
        if tree.has(&Plan::is_guarded) {
            tree.hush();
        }
        if tree.settle() {
            tree.unlink();
        }
        tree.number(&mut 0, &mut Vec::new());
        Case {
            tree,
            sets,
            foreign,
            kill,
            one_waker,
        }
    })
}

impl Plan {
    fn is_guarded(&self) -> bool {
        match self {
            Self::Fence(spec, _) | Self::Bind(spec, _) | Self::Pool(Pool { spec, .. }, _) => {
                spec.guard.is_some()
            }
            _ => false,
        }
    }
}

impl Node {
    fn hush(&mut self) {
        if let Plan::Drops(drops, _) = &mut self.plan {
            if matches!(drops.fire, Fire::Check) {
                drops.fire = Fire::Quiet;
            }
        }
        self.plan.inside_mut().iter_mut().for_each(Self::hush);
    }

    /// A section keeps the fences that it was polled in last. If one of several parts of a pool has
    /// one, it depends on who was woken which of the fences of the pool that is, so nothing fires
    /// them: true if so. The fences around fire.
    fn settle(&mut self) -> bool {
        let holds =
            |plan: &Plan| matches!(plan, Plan::Shield(_) | Plan::Cleanup(_) | Plan::Undo(..));
        let mut has_settled = false;
        if let Plan::Pool(pool, all) = &mut self.plan {
            has_settled = all.len() > 1 && all.iter().any(|node| node.has(&holds));
            if has_settled {
                pool.spec = Spec::default();
            }
        }
        for node in self.plan.inside_mut() {
            has_settled |= node.settle();
        }
        has_settled
    }

    fn unlink(&mut self) {
        if let Plan::Fence(spec, _) | Plan::Bind(spec, _) | Plan::Pool(Pool { spec, .. }, _) =
            &mut self.plan
        {
            spec.linked = false;
        }
        self.plan.inside_mut().iter_mut().for_each(Self::unlink);
    }
}

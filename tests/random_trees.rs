//! Random trees of timeouts against a model of ten lines (D3, D7, D13).

use std::cell::RefCell;
use std::pin::Pin;
use std::time::Duration;

use fence::{Fenced, Fencing};
use futures::future::{join_all, select_all};
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep};

/// Milliseconds since the start.
type Time = u64;

enum Tree {
    Sleep(Time),
    Fence(usize, Time, Box<Tree>),
    Sequence(Vec<Tree>),
    Join(Vec<Tree>),
    /// Like `Join`, but each has a waker of its own.
    Unordered(Vec<Tree>),
    Race(Vec<Tree>),
}

/// Which fence ended when, and whether it was cut.
type Log = Vec<(usize, bool, Time)>;

/// What should happen: when the tree ends, if that is before `cut`.
fn model(tree: &Tree, start: Time, cut: Time, log: &mut Log) -> Option<Time> {
    match tree {
        Tree::Sleep(time) => Some(start + time).filter(|end| *end < cut),
        Tree::Fence(id, limit, body) => {
            let limit = start + limit;
            let completed = model(body, start, cut.min(limit), log);
            let end = completed.or(Some(limit).filter(|end| *end < cut))?;
            log.push((*id, completed.is_none(), end));
            Some(end)
        }
        Tree::Sequence(all) => all
            .iter()
            .try_fold(start, |now, tree| model(tree, now, cut, log)),
        Tree::Join(all) | Tree::Unordered(all) => {
            let ends: Vec<_> = all
                .iter()
                .map(|tree| model(tree, start, cut, log))
                .collect();
            ends.into_iter()
                .collect::<Option<Vec<_>>>()?
                .into_iter()
                .max()
        }
        Tree::Race(all) => {
            let ends = all
                .iter()
                .filter_map(|tree| model(tree, start, cut, &mut Log::new()));
            let end = ends.min();
            for tree in all {
                // The others live until the first one's end; it ends then, and is logged.
                model(tree, start, end.map_or(cut, |end| end + 1), log);
            }
            end
        }
    }
}

/// What does happen.
fn run<'a>(
    tree: &'a Tree,
    start: Instant,
    log: &'a RefCell<Log>,
) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
    let run = move |tree| run(tree, start, log);
    Box::pin(async move {
        match tree {
            Tree::Sleep(time) => sleep(Duration::from_millis(*time)).await,
            Tree::Fence(id, limit, body) => {
                let fencing = Fencing::new().timeout(Duration::from_millis(*limit));
                let outcome: Fenced<()> = fencing.run(run(body)).await;
                let end = u64::try_from(start.elapsed().as_millis()).unwrap();
                log.borrow_mut().push((*id, outcome.is_cancelled(), end));
            }
            Tree::Sequence(all) => {
                for tree in all {
                    run(tree).await;
                }
            }
            Tree::Join(all) => _ = join_all(all.iter().map(run)).await,
            Tree::Unordered(all) => {
                all.iter()
                    .map(run)
                    .collect::<FuturesUnordered<_>>()
                    .count()
                    .await;
            }
            Tree::Race(all) => _ = select_all(all.iter().map(run)).await,
        }
    })
}

/// A generator of our own: a failing tree is named by its seed for good.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn tree(&mut self, depth: u64, fences: &mut usize) -> Tree {
        // So long that no two of them end in the same millisecond, which has tests of its own.
        let time = 1 + self.below(1_000_000_000);
        match if depth == 0 { 0 } else { self.below(9) } {
            0 => Tree::Sleep(time),
            1..=4 => {
                *fences += 1;
                Tree::Fence(*fences, time, Box::new(self.tree(depth - 1, fences)))
            }
            5 => Tree::Sequence(self.trees(depth, fences)),
            6 => Tree::Join(self.trees(depth, fences)),
            7 => Tree::Unordered(self.trees(depth, fences)),
            _ => Tree::Race(self.trees(depth, fences)),
        }
    }

    fn trees(&mut self, depth: u64, fences: &mut usize) -> Vec<Tree> {
        (0..=self.below(3))
            .map(|_| self.tree(depth - 1, fences))
            .collect()
    }
}

fn sorted(mut log: Log) -> Log {
    log.sort_unstable_by_key(|(id, _, end)| (*end, *id));
    log
}

#[tokio::test(start_paused = true)]
async fn trees_end_as_the_model_says() {
    let (mut compared, mut cut) = (0, 0);
    for seed in 1..=4000 {
        let tree = Random(u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15)).tree(6, &mut 0);
        let mut expected = Log::new();
        model(&tree, 0, Time::MAX, &mut expected);
        let log = RefCell::new(Log::new());
        run(&tree, Instant::now(), &log).await;
        assert_eq!(
            sorted(log.into_inner()),
            sorted(expected.clone()),
            "seed {seed}"
        );
        compared += usize::from(expected.len() > 1);
        cut += expected.iter().filter(|(_, cut, _)| *cut).count();
    }
    assert!(
        compared > 1000 && cut > 1000,
        "{compared} trees with fences, {cut} of them cut"
    );
}

//! Random trees of fences with timeouts and events, against a small model (D2, D3, D7, D13).

use std::cell::RefCell;
use std::pin::Pin;
use std::time::Duration;

use fence::{Event, Fenced, Fencing};
use futures::future::{join_all, select_all};
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep, sleep_until};

/// Milliseconds since the start.
type Time = u64;

enum Tree {
    Sleep(Time),
    /// Its number, its timeout, perhaps one of the events.
    Fence(usize, Time, Option<usize>, Box<Tree>),
    Sequence(Vec<Tree>),
    Join(Vec<Tree>),
    /// Like `Join`, but each has a waker of its own.
    Unordered(Vec<Tree>),
    Race(Vec<Tree>),
}

/// Which fence ended when, and whether it was cut.
type Log = Vec<(usize, bool, Time)>;

const EVENTS: usize = 3;

/// When each event is set.
type Events = [Time; EVENTS];

/// What should happen: when the tree ends, if that is before `cut`.
fn model(tree: &Tree, set: &Events, start: Time, cut: Time, log: &mut Log) -> Option<Time> {
    let model = |tree, start, cut, log: &mut Log| model(tree, set, start, cut, log);
    match tree {
        Tree::Sleep(time) => Some(start + time).filter(|end| *end < cut),
        Tree::Fence(id, limit, event, body) => {
            // An event that is set already cuts it at its start.
            let set = event.map_or(Time::MAX, |event| set[event].max(start));
            let limit = set.min(start + limit);
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
    events: &'a [Event; EVENTS],
    log: &'a RefCell<Log>,
) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
    let run = move |tree| run(tree, start, events, log);
    Box::pin(async move {
        match tree {
            Tree::Sleep(time) => sleep(Duration::from_millis(*time)).await,
            Tree::Fence(id, limit, event, body) => {
                let fencing = Fencing::new().timeout(Duration::from_millis(*limit));
                let fencing = event.map_or(fencing.clone(), |n| fencing.on("event", &events[n]));
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

/// How a tree may grow.
#[derive(Clone, Copy)]
struct Soil {
    depth: u64,
    /// Not inside a race, where several could end at one instant and only one be seen.
    events: bool,
}

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn time(&mut self) -> Time {
        // So long that no two of them end in the same millisecond, which has tests of its own.
        1 + self.below(1_000_000_000)
    }

    fn tree(&mut self, mut soil: Soil, fences: &mut usize) -> Tree {
        let kind = if soil.depth == 0 { 0 } else { self.below(9) };
        soil.depth = soil.depth.saturating_sub(1);
        match kind {
            0 => Tree::Sleep(self.time()),
            1..=4 => {
                *fences += 1;
                let event = usize::try_from(self.below(6)).unwrap();
                let event = Some(event).filter(|event| soil.events && *event < EVENTS);
                Tree::Fence(
                    *fences,
                    self.time(),
                    event,
                    Box::new(self.tree(soil, fences)),
                )
            }
            5 => Tree::Sequence(self.trees(soil, fences)),
            6 => Tree::Join(self.trees(soil, fences)),
            7 => Tree::Unordered(self.trees(soil, fences)),
            _ => Tree::Race(self.trees(
                Soil {
                    events: false,
                    ..soil
                },
                fences,
            )),
        }
    }

    fn trees(&mut self, soil: Soil, fences: &mut usize) -> Vec<Tree> {
        (0..=self.below(3))
            .map(|_| self.tree(soil, fences))
            .collect()
    }
}

fn sorted(mut log: Log) -> Log {
    log.sort_unstable_by_key(|(id, _, end)| (*end, *id));
    log
}

/// Runs the tree while the events are set, each in its time.
async fn observe(tree: &Tree, set: &Events) -> Log {
    let (start, log) = (Instant::now(), RefCell::new(Log::new()));
    let events: [Event; EVENTS] = Default::default();
    let setting = events.iter().zip(set).map(|(event, at)| async move {
        sleep_until(start + Duration::from_millis(*at)).await;
        event.set();
    });
    tokio::join!(run(tree, start, &events, &log), join_all(setting));
    log.into_inner()
}

#[tokio::test(start_paused = true)]
async fn trees_end_as_the_model_says() {
    let (mut compared, mut cut) = (0, 0);
    for seed in 1..=4000 {
        let mut random = Random(u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15));
        let set = [(); EVENTS].map(|()| random.time());
        let tree = random.tree(
            Soil {
                depth: 6,
                events: true,
            },
            &mut 0,
        );
        let mut expected = Log::new();
        model(&tree, &set, 0, Time::MAX, &mut expected);
        let log = observe(&tree, &set).await;
        assert_eq!(sorted(log), sorted(expected.clone()), "seed {seed}");
        compared += usize::from(expected.len() > 1);
        cut += expected.iter().filter(|(_, cut, _)| *cut).count();
    }
    assert!(
        compared > 1000 && cut > 1000,
        "{compared} trees with fences, {cut} of them cut"
    );
}

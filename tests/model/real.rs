//! The case as the library runs it: every task polled by hand, once a round.

use std::any::Any;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use fence::{Cancelled, Event, Fenced, Handle};
use tokio::time::Instant;

use crate::code::run;
use crate::fencings::Foreign;
use crate::plan::{BUSY, Case, EVENTS, Fire, ROUND, ROUNDS, Undo};
use crate::record::{Line, Record, reasons};
use crate::tasks::Task;

pub type Future = Pin<Box<dyn std::future::Future<Output = ()> + Send>>;

#[derive(Default)]
pub struct World {
    pub handles: Mutex<BTreeMap<usize, (u64, Handle)>>,
    pub foreign: [Option<Foreign>; EVENTS],
    pub events: [Event; EVENTS],
    round: Mutex<u64>,
    start: Mutex<Option<Instant>>,
    /// Who waits for a round.
    waiting: Mutex<Vec<(u64, Waker)>>,
    pub record: Mutex<Record>,
    pub spawned: Mutex<Vec<Future>>,
}

impl World {
    fn new(case: &Case) -> Self {
        let mut world = Self::default();
        for (event, is_foreign) in case.foreign.into_iter().enumerate() {
            world.foreign[event] = is_foreign.then(|| Foreign::of(&world.events[event]));
        }
        world
    }

    fn round(&self) -> u64 {
        *self.round.lock().unwrap()
    }

    pub fn log(&self, text: impl Into<String>) {
        let round = self.round();
        self.record.lock().unwrap().lines.push(Line {
            round,
            text: text.into(),
        });
    }

    pub fn probe(self: &Arc<Self>, text: String) -> Probe {
        Probe(self.clone(), text)
    }

    pub fn fire(&self, id: usize, fire: &Fire) {
        match fire {
            Fire::Set(event) => _ = self.events[*event].set(),
            Fire::Cancel(node) => {
                let handles = self.handles.lock().unwrap();
                let handle = handles.get(node).map(|(_, handle)| handle.clone());
                drop(handles);
                handle.expect("it is around").cancel();
            }
            Fire::Quiet => {}
            Fire::Check => self.log(match fence::check() {
                Ok(()) => format!("check {id} ok"),
                Err(why) => format!("check {id} {}", self.show(&why)),
            }),
        }
    }

    /// Does it when it is dropped.
    pub fn firing(self: &Arc<Self>, id: usize, fire: &Fire) -> Firing {
        Firing(self.clone(), id, fire.clone())
    }

    pub fn caught(&self, panic: &(dyn Any + Send)) {
        assert!(panic.is::<&str>(), "planned: {panic:?}");
        self.log("caught");
    }

    pub fn died(&self, panic: &(dyn Any + Send)) {
        assert!(panic.is::<&str>(), "planned: {panic:?}");
        self.log("a task panicked");
    }

    pub fn ticks(
        self: &Arc<Self>,
        ticks: u64,
    ) -> impl std::future::Future<Output = ()> + Send + use<> {
        let (world, mut due) = (self.clone(), None);
        std::future::poll_fn(move |cx| {
            let due = *due.get_or_insert_with(|| world.round() + ticks);
            if world.round() >= due {
                return Poll::Ready(());
            }
            world
                .waiting
                .lock()
                .unwrap()
                .push((due, cx.waker().clone()));
            Poll::Pending
        })
    }

    pub fn show(&self, why: &Cancelled) -> String {
        let start = self.start.lock().unwrap().unwrap();
        let at = |at: Instant| u64::try_from((at - start).as_millis()).unwrap();
        let list = |all: &[fence::Reason]| {
            reasons(
                all.iter()
                    .map(|reason| (at(reason.at()), reason.code().to_owned())),
            )
        };
        let cleanup = why.cleanup();
        let panics = cleanup.panics().join(",");
        format!(
            "by {} declined {} cleaned {} overran {} panicked [{panics}]",
            list(why.reasons()),
            list(why.declined()),
            cleanup.ran(),
            cleanup.overran()
        )
    }

    pub fn outcome(&self, outcome: &Fenced<()>) -> String {
        match outcome {
            Fenced::Completed(()) => "completed".to_owned(),
            Fenced::Cancelled(why) => self.show(why),
        }
    }

    pub fn cleanup(self: &Arc<Self>, id: usize, undo: &Undo) -> fence::OnCancel {
        let (world, undo) = (self.clone(), undo.clone());
        fence::on_cancel_with(move |why| async move {
            let _probe = world.probe(format!("-clean {id}"));
            world.log(format!("clean {id} {}", world.show(&why)));
            world.ticks(undo.ticks).await;
            if undo.panics {
                // As a panic, but without the noise of the hook.
                std::panic::resume_unwind(Box::new(format!("p{id}")));
            }
            world.log(format!("cleaned {id}"));
        })
    }
}

pub struct Firing(Arc<World>, usize, Fire);

impl Drop for Firing {
    fn drop(&mut self) {
        self.0.fire(self.1, &self.2);
    }
}

pub struct Probe(Arc<World>, String);

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.log(&self.1);
    }
}

/// Runs the case and returns what happened.
pub async fn observe(case: &Case) -> Record {
    let world = Arc::new(World::new(case));
    *world.start.lock().unwrap() = Some(Instant::now());
    let mut tasks = vec![Task::new(run(case.tree.clone(), world.clone()))];
    for round in 0..ROUNDS {
        begin(round, case, &world).await;
        if case.kill == Some(round) {
            tasks[0].body = None;
        }
        let mut next = 0;
        while next < tasks.len() {
            tasks[next].poll(&world);
            let spawned: Vec<_> = world.spawned.lock().unwrap().drain(..).collect();
            for body in spawned {
                let task = if case.one_waker {
                    tasks[0].beside(body)
                } else {
                    Task::new(body)
                };
                tasks.push(task);
            }
            next += 1;
        }
        // For the cleanups that the runtime was given.
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
    }
    drop(tasks);
    for event in &world.events {
        assert_eq!(
            fence::__private::waiters(event),
            0,
            "a waiter is left behind"
        );
    }
    let mut record = world.record.lock().unwrap();
    std::mem::take(&mut record)
}

async fn begin(round: u64, case: &Case, world: &World) {
    if round > 0 {
        tokio::time::advance(Duration::from_millis(ROUND)).await;
    }
    *world.round.lock().unwrap() = round;
    for (event, at) in world.events.iter().zip(case.sets) {
        if at == round && round < 3 * BUSY {
            event.set();
        }
    }
    let handles = world.handles.lock().unwrap().clone();
    for (_, handle) in handles.values().filter(|(at, _)| *at == round) {
        handle.cancel();
    }
    let mut waiting = world.waiting.lock().unwrap();
    let (due, rest) = std::mem::take(&mut *waiting)
        .into_iter()
        .partition(|(at, _)| *at <= round);
    *waiting = rest;
    drop(waiting);
    let due: Vec<(u64, Waker)> = due;
    for (_, waker) in due {
        waker.wake();
    }
}

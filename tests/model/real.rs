//! The case as the library runs it: every task polled by hand, once a round.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use fence::{Cancelled, Event, Fenced, Fencing, Handle};
use tokio::time::Instant;

use crate::code::run;
use crate::plan::{BUSY, Case, EVENTS, ROUND, ROUNDS, Spec, Undo, limit};
use crate::record::{Line, Record, reasons};
use crate::tasks::Task;

pub type Future = Pin<Box<dyn std::future::Future<Output = ()> + Send>>;

type Outcome = Pin<Box<dyn std::future::Future<Output = Fenced<()>> + Send>>;

#[derive(Default)]
pub struct World {
    handles: Mutex<Vec<(u64, Handle)>>,
    pub events: [Event; EVENTS],
    round: Mutex<u64>,
    start: Mutex<Option<Instant>>,
    /// Who waits for a round.
    waiting: Mutex<Vec<(u64, Waker)>>,
    pub record: Mutex<Record>,
    pub spawned: Mutex<Vec<Future>>,
}

impl World {
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

    pub fn has_been_told(&self, line: usize) -> bool {
        let record = self.record.lock().unwrap();
        let line = record.lines.get(line);
        line.is_some_and(|line| line.text.starts_with("told"))
    }

    pub fn probe(self: &Arc<Self>, text: String) -> Probe {
        Probe(self.clone(), text)
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

    pub fn fencing(self: &Arc<Self>, id: usize, spec: &Spec) -> Fencing {
        let time = |rounds: u64| Duration::from_millis(limit(rounds));
        let mut fencing = if spec.extends {
            Fencing::current()
        } else {
            Fencing::new()
        };
        for event in &spec.events {
            fencing = fencing.on(format!("e{event}"), &self.events[*event]);
        }
        fencing = fencing
            .timeout_as(format!("t{id}"), spec.timeout.map(time))
            .budget_as(format!("b{id}"), spec.budget.map(time));
        if let Some(accepted) = spec.guard.clone() {
            let world = self.clone();
            fencing = fencing.guard(move |reason| {
                let asked = format!("{id} {}", reason.code());
                world.record.lock().unwrap().asked.push(asked);
                accepted.iter().any(|n| reason.code() == format!("e{n}"))
            });
        }
        if let Some(grace) = spec.grace {
            fencing = fencing.grace(time(grace));
        }
        if let Some(cleanup) = spec.cleanup {
            fencing = fencing.cleanup_within(time(cleanup));
        }
        fencing = if spec.cooperative {
            fencing.cooperative()
        } else {
            fencing
        };
        if spec.linked {
            fencing.linked()
        } else {
            fencing
        }
    }

    pub async fn fenced(self: &Arc<Self>, id: usize, spec: &Spec, body: Future) -> Fenced<()> {
        if spec.is_written() {
            self.written(id, spec, body).await
        } else {
            self.built(id, spec, body).await
        }
    }

    fn built(self: &Arc<Self>, id: usize, spec: &Spec, body: Future) -> fence::Fence<Future> {
        let mut fence = self.fencing(id, spec).run(body);
        if let Some(round) = spec.cancel {
            let handle = fence.handle();
            self.handles.lock().unwrap().push((round, handle));
        }
        fence
    }

    fn written(&self, id: usize, spec: &Spec, body: Future) -> Outcome {
        let code = |kind, id: usize| -> &'static str { format!("{kind}{id}").leak() };
        let time = |rounds: u64| Duration::from_millis(limit(rounds));
        let options = fence::__private::options()
            .inherit(spec.extends)
            .timeout(code('t', id), spec.timeout.map(time))
            .budget(code('b', id), spec.budget.map(time));
        let on = |n: usize| (code('e', spec.events[n]), &self.events[spec.events[n]]);
        match spec.events.len() {
            0 => Box::pin(fence::__private::fence(options, body)),
            1 => Box::pin(fence::__private::fence(options.on(on(0).0, on(0).1), body)),
            _ => {
                let options = options.on(on(0).0, on(0).1).on(on(1).0, on(1).1);
                Box::pin(fence::__private::fence(options, body))
            }
        }
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

pub struct Probe(Arc<World>, String);

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.log(&self.1);
    }
}

/// Runs the case and returns what happened.
pub async fn observe(case: &Case) -> Record {
    let world = Arc::new(World::default());
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
            tasks.extend(world.spawned.lock().unwrap().drain(..).map(Task::new));
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
    for (_, handle) in world
        .handles
        .lock()
        .unwrap()
        .iter()
        .filter(|(at, _)| *at == round)
    {
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

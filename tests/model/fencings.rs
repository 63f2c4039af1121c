//! The fencings of a case, as the library has them.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use fence::{Event, Fenced, Fencing, Firing, FiringFuture, Trigger};

use crate::plan::{Spec, limit};
use crate::real::{Future, World};

type Outcome = Pin<Box<dyn std::future::Future<Output = Fenced<()>> + Send>>;

/// An event as fences know it that know nothing of it but the trait.
pub struct Foreign(Arc<Inner>);

struct Inner(Event);

impl Foreign {
    pub fn of(event: &Event) -> Self {
        Self(Arc::new(Inner(event.clone())))
    }
}

impl Trigger for Foreign {
    fn fired(&self) -> Option<Firing> {
        self.0.fired()
    }

    fn wait(&self) -> FiringFuture {
        self.0.wait()
    }

    /// The same one each time: it is one source (D10).
    fn share(&self) -> Arc<dyn Trigger> {
        self.0.clone()
    }
}

impl Trigger for Inner {
    fn fired(&self) -> Option<Firing> {
        Trigger::fired(&self.0)
    }

    fn wait(&self) -> FiringFuture {
        Trigger::wait(&self.0)
    }

    fn share(&self) -> Arc<dyn Trigger> {
        unreachable!("it is shared already")
    }
}

impl World {
    fn trigger(&self, event: usize) -> &dyn Trigger {
        match &self.foreign[event] {
            Some(foreign) => foreign,
            None => &self.events[event],
        }
    }

    pub fn fencing(self: &Arc<Self>, id: usize, spec: &Spec) -> Fencing {
        let time = |rounds: u64| Duration::from_millis(limit(rounds));
        let mut fencing = if spec.extends {
            Fencing::current()
        } else {
            Fencing::new()
        };
        for event in &spec.events {
            fencing = fencing.on(format!("e{event}"), self.trigger(*event));
        }
        fencing = fencing
            .timeout_as(format!("t{id}"), spec.timeout.map(time))
            .budget_as(format!("b{id}"), spec.budget.map(time));
        if let Some(guard) = spec.guard.clone() {
            let world = self.clone();
            fencing = fencing.guard(move |reason| {
                let asked = format!("{id} {}", reason.code());
                world.record.lock().unwrap().asked.push(asked);
                if guard.panics && !guard.accepts(reason.code()) {
                    resume_unwind(Box::new("planned"));
                }
                guard.accepts(reason.code())
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
            self.handles.lock().unwrap().insert(id, (round, handle));
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
        let on = |nth: usize| {
            let event = spec.events[nth];
            (code('e', event), self.trigger(event))
        };
        match spec.events.len() {
            0 => Box::pin(fence::__private::fence(options, body)),
            1 => Box::pin(fence::__private::fence(options.on(on(0).0, on(0).1), body)),
            _ => {
                let options = options.on(on(0).0, on(0).1).on(on(1).0, on(1).1);
                Box::pin(fence::__private::fence(options, body))
            }
        }
    }
}

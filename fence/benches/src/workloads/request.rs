//! A whole request: 60 s, shutdown, disconnect, and ten calls one after the other that have 1 s
//! each and are pending once.

use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use fence::{Event, Fencing};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::drive;
use crate::program::{Case, Program, once, ours, peer};
use crate::workload::Workload;

const CALLS: u32 = 10;
const REQUEST: Duration = Duration::from_secs(60);
const CALL: Duration = Duration::from_secs(1);
const ANY: Case = Case::Pending(CALLS);

/// The peer in which each call obeys every source, as ours do.
const FULL: &str = "every call obeys all";

pub(crate) fn all() -> Vec<Workload> {
    let programs = vec![full(), cheap(), bound_set()];
    vec![
        Workload::new("request with ten calls", FULL, programs)
            .goal(FULL, 0.30, 0.20)
            .held_at(0.80),
    ]
}

#[derive(Default)]
struct Tokens {
    shutdown: CancellationToken,
    disconnect: CancellationToken,
}

impl Tokens {
    async fn race<F: Future>(&self, time: Duration, future: F) -> Option<F::Output> {
        let future = self.disconnect.run_until_cancelled(future);
        let outcome = timeout(time, self.shutdown.run_until_cancelled(future)).await;
        outcome.ok().flatten().flatten()
    }
}

tokio::task_local! {
    static TOKENS: Arc<Tokens>;
}

fn full() -> Program {
    async fn call() -> Option<u64> {
        let tokens = TOKENS.with(Arc::clone);
        tokens.race(CALL, once()).await
    }
    async fn request() {
        for _ in 0..CALLS {
            call().await;
        }
    }
    peer(FULL, || {
        let tokens = Arc::new(Tokens::default());
        move |cx: &mut Context<'_>| {
            let request = tokens.race(REQUEST, request());
            drive!(ANY, cx, TOKENS.scope(tokens.clone(), request));
        }
    })
}

fn cheap() -> Program {
    async fn request() {
        for _ in 0..CALLS {
            let _ = timeout(CALL, once()).await;
        }
    }
    peer("calls obey their timeout only", || {
        let tokens = Tokens::default();
        move |cx: &mut Context<'_>| drive!(ANY, cx, tokens.race(REQUEST, request()))
    })
}

fn bound_set() -> Program {
    #[fence::fenced(timeout = "1s")]
    async fn call() -> u64 {
        once().await
    }
    #[fence::fenced]
    async fn request() {
        for _ in 0..CALLS {
            let _ = call().await;
        }
    }
    ours("a bound set, `#[fenced]`", || {
        let set = Fencing::new()
            .budget(REQUEST)
            .on("shutdown", &Event::new())
            .on("disconnect", &Event::new());
        move |cx: &mut Context<'_>| drive!(ANY, cx, set.bind(request()))
    })
}

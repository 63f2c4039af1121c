//! Cancellations that go up from every place in which a fence may stand (D30).

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fence::{
    Event, Fenced, Fencing, Group, Reason, ReasonKind, as_completed, cancelled, every, gather,
    group, race, race_ok, shield, spawn, spawn_blocking, spawn_local,
};
use support::{ms, secs};
use tokio::runtime::Handle;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, timeout};

/// What stands between a linked fence and the fence that it is linked to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Host {
    Inline,
    Task,
    TaskOfATask,
    LocalTask,
    Thread,
    ThreadThatSpawns,
    Gather,
    Race,
    RaceOk,
    AsCompleted,
    Timer,
    /// The group is the fence.
    Group,
    TryGroup,
    GroupsThread,
    /// The scope of a thread is the fence.
    Scope,
    TaskOfAScope,
}

const HOSTS: [Host; 14] = [
    Host::Inline,
    Host::Task,
    Host::TaskOfATask,
    Host::LocalTask,
    Host::Thread,
    Host::ThreadThatSpawns,
    Host::Gather,
    Host::Race,
    Host::RaceOk,
    Host::AsCompleted,
    Host::Timer,
    Host::Group,
    Host::TryGroup,
    Host::GroupsThread,
];

/// Fires while it runs, and passes that up.
async fn linked() {
    let quota = Event::new();
    let inside = quota.clone();
    let fence = Fencing::new().on("quota", &quota).linked().run(async move {
        inside.set_because("87 of 80");
        pending::<()>().await;
    });
    assert!(fence.await.cancelled_by("quota"), "if nobody acts on it");
}

async fn linked_and_ok() -> Result<(), ()> {
    linked().await;
    Ok(())
}

fn blocking() {
    Handle::current().block_on(linked());
}

impl Host {
    fn is_fence(self) -> bool {
        matches!(self, Self::Group | Self::TryGroup | Self::GroupsThread)
    }

    /// Runs a linked fence below it.
    async fn run(self) {
        match self {
            Self::Inline => linked().await,
            Self::Task => drop(spawn(linked()).await),
            Self::TaskOfATask => drop(spawn(async { spawn(linked()).await }).await),
            Self::LocalTask => drop(spawn_local(linked()).await),
            Self::Thread => drop(spawn_blocking(blocking).await),
            Self::ThreadThatSpawns => {
                drop(spawn_blocking(|| Handle::current().block_on(spawn(linked()))).await);
            }
            Self::Gather => drop(gather([linked()]).await),
            Self::Race => drop(race([linked()]).await),
            Self::RaceOk => drop(race_ok([linked_and_ok()]).await),
            Self::AsCompleted => drop(as_completed([linked()]).next().await),
            Self::Timer => {
                let timer = every(secs(3600)).start(linked).unwrap();
                sleep(ms(1)).await;
                drop(timer);
            }
            _ => unreachable!("is a fence itself"),
        }
    }

    async fn run_in_group<E: Send + 'static>(self, group: &Group<E>) {
        match self {
            Self::GroupsThread => drop(group.spawn_blocking(blocking).await),
            _ => drop(group.spawn(linked()).await),
        }
    }
}

/// Whether a shield stands between the host and its fence.
async fn behind(is_shielded: bool, host: impl Future<Output = ()>) {
    if is_shielded {
        shield(host).await;
    } else {
        host.await;
    }
}

/// Runs `then` in a fence under that set, after a linked fence in its host.
async fn under<F: Future>(
    fencing: &Fencing,
    host: Host,
    is_shielded: bool,
    then: impl Fn() -> F,
) -> (Option<F::Output>, Vec<Reason>, Vec<Reason>) {
    let handle = Arc::new(Mutex::new(None));
    let outcome = match host {
        Host::Group | Host::GroupsThread => {
            let run = group().fenced(fencing).run(async |group: Group| {
                *handle.lock().unwrap() = Some(group.handle().clone());
                behind(is_shielded, host.run_in_group(&group)).await;
                then().await
            });
            run.await
        }
        Host::TryGroup => {
            let run = fence::try_group()
                .fenced(fencing)
                .run(async |group: Group<String>| {
                    *handle.lock().unwrap() = Some(group.handle().clone());
                    behind(is_shielded, host.run_in_group(&group)).await;
                    Ok(then().await)
                });
            match run.await {
                Ok(value) => Fenced::Completed(value),
                Err(failed) => Fenced::Cancelled(failed.cancelled().unwrap().clone()),
            }
        }
        _ => {
            let mut fence = fencing.run(async {
                behind(is_shielded, host.run()).await;
                then().await
            });
            *handle.lock().unwrap() = Some(fence.handle());
            fence.await
        }
    };
    let reasons = outcome.reasons().to_vec();
    let declined = handle.lock().unwrap().take().unwrap().declined();
    (outcome.completed(), reasons, declined)
}

fn assert_linked(reasons: &[Reason], host: Host) {
    assert_eq!(reasons.len(), 1, "{host:?}: {reasons:?}");
    let reason = &reasons[0];
    assert_eq!(reason.code(), "quota", "{host:?}");
    assert_eq!(reason.kind(), ReasonKind::Linked, "{host:?}");
    assert_eq!(reason.cause().unwrap().to_string(), "87 of 80");
}

/// On a paused clock, with a place for local tasks. What hangs takes an hour of it.
async fn tried<T>(host: Host, trial: impl Future<Output = T>) -> T {
    let local = LocalSet::new();
    let trial = local.run_until(timeout(Duration::from_secs(3600), trial));
    trial.await.unwrap_or_else(|_| panic!("{host:?} hangs"))
}

#[tokio::test(start_paused = true)]
async fn a_plain_fence_around_any_host_is_cut() {
    for host in HOSTS {
        let plain = Fencing::new();
        let trial = under(&plain, host, false, pending::<()>);
        let (completed, reasons, _) = tried(host, trial).await;
        assert_eq!(completed, None, "{host:?}");
        assert_linked(&reasons, host);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fence_with_a_grace_is_cut_after_it() {
    for host in HOSTS {
        let start = Instant::now();
        let lenient = Fencing::new().grace(ms(500));
        let trial = under(&lenient, host, false, pending::<()>);
        let (completed, reasons, _) = tried(host, trial).await;
        assert_eq!(completed, None, "{host:?}");
        assert_linked(&reasons, host);
        assert_eq!(start.elapsed().as_millis(), 500, "{host:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cooperative_fence_is_told() {
    for host in HOSTS {
        let cooperative = Fencing::new().cooperative();
        let trial = under(&cooperative, host, false, cancelled);
        let (told, reasons, _) = tried(host, trial).await;
        assert_linked(told.unwrap().reasons(), host);
        assert!(reasons.is_empty(), "it has completed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_guard_may_decline_what_comes_up() {
    for host in HOSTS {
        let declining = Fencing::new().unless("quota", || true);
        let trial = under(&declining, host, false, || sleep(ms(50)));
        let (completed, _, declined) = tried(host, trial).await;
        assert!(completed.is_some(), "{host:?}");
        assert_linked(&declined, host);

        let accepting = Fencing::new().unless("other", || true);
        let trial = under(&accepting, host, false, pending::<()>);
        let (_, reasons, declined) = tried(host, trial).await;
        assert_linked(&reasons, host);
        assert!(declined.is_empty(), "{host:?}");
    }
}

// A shield hides the fence from what is spawned in it, not from what stands inline. The children
// of a group belong to the group.
#[tokio::test(start_paused = true)]
async fn a_shield_between_lets_go_of_what_is_spawned_in_it() {
    for host in HOSTS {
        let plain = Fencing::new();
        let trial = under(&plain, host, true, || sleep(ms(50)));
        let (completed, reasons, _) = tried(host, trial).await;
        if host == Host::Inline || host.is_fence() {
            assert_linked(&reasons, host);
        } else {
            assert!(completed.is_some(), "{host:?}");
        }
    }
}

// Up to the first that is not linked.
#[tokio::test(start_paused = true)]
async fn a_link_goes_on_through_linked_fences_of_any_host() {
    for host in HOSTS {
        let top = Fencing::new().run(async {
            let middle = Fencing::new().linked();
            let _ = under(&middle, host, false, pending::<()>).await;
            pending::<()>().await;
        });
        let top = tried(host, top).await;
        assert_linked(top.reasons(), host);
    }
}

/// A scope of plain code, which cannot be cut.
fn scope(fencing: &Fencing, host: Host) -> Option<Vec<Reason>> {
    let outcome = fencing.run_blocking(|| {
        let handle = Handle::current();
        match host {
            Host::Scope => handle.block_on(linked()),
            _ => drop(handle.block_on(spawn(linked()))),
        }
        fence::check().err().map(|why| why.reasons().to_vec())
    });
    outcome.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scope_is_told_by_what_runs_in_it() {
    for host in [Host::Scope, Host::TaskOfAScope] {
        let outer = Fencing::new().run(async move {
            let told = spawn_blocking(move || scope(&Fencing::new(), host)).await;
            assert_linked(&told.unwrap().unwrap(), host);
            let declining = Fencing::new().unless("quota", || true);
            let told = spawn_blocking(move || scope(&declining, host)).await;
            assert!(told.unwrap().is_none(), "{host:?}");
        });
        assert!(outer.await.is_completed(), "the scope is not linked");
    }
}

// It cannot be cut: so it passes up what the code in it has learnt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_linked_scope_passes_up_what_it_was_told() {
    let in_scope = |fired: Event| Fencing::new().on("quota", &fired).linked();
    let told: [fn(&Event); 3] = [
        |fired| {
            fired.set_because("87 of 80");
            fence::check().unwrap_err();
        },
        |fired| {
            fired.set_because("87 of 80");
            let inside = Fencing::new().run(pending::<()>());
            assert!(Handle::current().block_on(inside).cancelled_by("quota"));
        },
        |_| blocking(),
    ];
    for code in told {
        let outer = Fencing::new().run(async move {
            let fired = Event::new();
            let thread = move || in_scope(fired.clone()).run_blocking(|| code(&fired));
            assert!(spawn_blocking(thread).await.unwrap().is_completed());
            pending::<()>().await;
        });
        assert_linked(outer.await.reasons(), Host::Scope);
    }
    let ignorant = Fencing::new().run(async move {
        let fired = Event::new();
        let thread = move || in_scope(fired.clone()).run_blocking(|| fired.set());
        assert!(spawn_blocking(thread).await.unwrap().is_completed());
        sleep(ms(1)).await;
    });
    assert!(ignorant.await.is_completed(), "nobody has learnt of it");
}

// A scope that has fired before it starts is a fence like any other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_linked_scope_that_never_starts_passes_that_up() {
    let outer = Fencing::new().run(async {
        let late = Fencing::new().timeout_as("quota", Duration::ZERO).linked();
        let ran = late.run_blocking(|| unreachable!());
        let _: Fenced<()> = ran;
        pending::<()>().await;
    });
    assert_eq!(outer.await.reasons()[0].kind(), ReasonKind::Linked);
}

// A timer is none of the fences: a link from a tick leaves the others alone.
#[tokio::test(start_paused = true)]
async fn a_timer_without_a_fence_around_goes_on() {
    let timer = every(ms(100)).start(linked).unwrap();
    let ticks = Arc::new(Mutex::new(0));
    let counted = ticks.clone();
    let tick = move || {
        *counted.lock().unwrap() += 1;
        linked()
    };
    let counting = every(ms(100)).start(tick).unwrap();
    sleep(ms(450)).await;
    assert_eq!(*ticks.lock().unwrap(), 5);
    assert!(!timer.is_finished() && !counting.is_finished());
}

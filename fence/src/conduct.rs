//! Running the host of a group, and waiting for its children.

use std::num::NonZeroUsize;

use crate::caught::caught;
use crate::fencing::Fencing;
use crate::hosting::Hosting;
use crate::members::Group;
use crate::outcome::Fenced;
use crate::spawn::Surroundings;

/// What a group is started with.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) fencing: Fencing,
    /// How many children run at once.
    pub(crate) limit: Option<NonZeroUsize>,
}

/// The host, its value taken by `settle`, then the joining, all in the fence of the group: what
/// cancels that fence does so until the last child has ended. Without a value, the host has failed
/// or panicked, and the group knows.
pub(crate) async fn conduct<E, H, F, V>(
    fencing: &Fencing,
    group: &Group<E>,
    host: H,
    settle: impl FnOnce(F::Output) -> Option<V>,
) -> Fenced<Option<V>>
where
    H: FnOnce(Group<E>) -> F,
    F: Future,
{
    let body = async {
        let _hosting = Hosting::open(group.crew(), Surroundings::here());
        let host = caught(async { host(group.clone()).await }).await;
        let value = match host {
            Ok(value) => settle(value),
            Err(panic) => {
                group.host_panicked(panic);
                None
            }
        };
        group.crew().join().await;
        value
    };
    let mut fence = fencing.run(body);
    group.appoint(fence.handle());
    fence.await
}

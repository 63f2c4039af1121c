//! How large a fence is: no larger than what it replaces, whatever its body.

use std::future::{Future, ready};
use std::time::Duration;

use fence::{Event, Fencing};
use fence_bench::program::once;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const LIMIT: Duration = Duration::from_secs(30);

fn fencing() -> Fencing {
    Fencing::new().timeout(LIMIT).on("stop", &Event::new())
}

fn added<F: Future>(body: F) -> usize {
    let bare = size_of_val(&body);
    size_of_val(&fencing().run(body)) - bare
}

#[test]
fn a_fence_is_no_larger_than_a_timeout_around_a_token() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let token = CancellationToken::new();
    let peer = size_of_val(&timeout(LIMIT, token.run_until_cancelled(once())));
    let fence = size_of_val(&fencing().run(once()));
    assert!(fence <= peer, "{fence} bytes, and the peer has {peer}");
}

#[test]
fn a_fence_adds_the_same_to_any_body() {
    let small = added(ready([0_u64; 1]));
    assert_eq!(added(ready([0_u64; 8])), small);
    assert_eq!(added(ready([0_u64; 1000])), small);
}

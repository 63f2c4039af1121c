//! The signals that end a process: the first one is told, a second one exits. (Windows has others:
//! `console.rs`.)

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::shutdown::timeline::Timeline;

const SIGNALS: [(i32, &str); 2] = [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")];

/// Set within the signal handler.
static SEEN: AtomicBool = AtomicBool::new(false);

/// Whether a signal came, even if the runtime has not got round to it.
pub(crate) fn is_seen() -> bool {
    SEEN.load(Ordering::Relaxed)
}

/// Listens from the call on.
pub(crate) fn listen(timeline: &Arc<Timeline>) -> io::Result<()> {
    let mut signals = Vec::new();
    for (number, name) in SIGNALS {
        signals.push((signal(SignalKind::from_raw(number))?, name));
    }
    for (number, _) in SIGNALS {
        // The handler runs them in this order, so the signal that sets the flag does not exit.
        register_conditional_shutdown(number, 128 + number, &SEEN)?;
        register(number, &SEEN)?;
    }
    let timeline = timeline.clone();
    tokio::spawn(async move { timeline.signalled(first(signals).await) });
    Ok(())
}

async fn first(mut signals: Vec<(Signal, &'static str)>) -> &'static str {
    std::future::poll_fn(|cx| {
        for (signal, name) in &mut signals {
            if signal.poll_recv(cx).is_ready() {
                return Poll::Ready(*name);
            }
        }
        Poll::Pending
    })
    .await
}

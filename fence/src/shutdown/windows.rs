//! What ends a process on Windows: the first event is told, a second one exits.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{io, process, thread};

use tokio::runtime::Builder;
use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

use crate::shutdown::timeline::Timeline;

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;
const SIGBREAK: i32 = 21;

/// An event of the console, and the signal that it is closest to.
struct Source {
    poll: Box<dyn FnMut(&mut Context<'_>) -> bool + Send>,
    name: &'static str,
    number: i32,
}

impl Source {
    fn new(
        number: i32,
        name: &'static str,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<Option<()>> + Send + 'static,
    ) -> Self {
        let poll = Box::new(move |cx: &mut Context<'_>| poll(cx).is_ready());
        Self { poll, name, number }
    }
}

/// The thread below tells at once.
pub(crate) fn is_seen() -> bool {
    false
}

/// Listens from the call on, in a thread of its own, which no blocked runtime holds up.
pub(crate) fn listen(timeline: &Arc<Timeline>) -> io::Result<()> {
    let mut sources = sources()?;
    let waiting = Builder::new_current_thread().build()?;
    let timeline = timeline.clone();
    let listen = move || {
        waiting.block_on(async {
            timeline.signalled(next(&mut sources).await.0);
            process::exit(128 + next(&mut sources).await.1)
        })
    };
    let thread = thread::Builder::new().name("fence-signals".to_owned());
    thread.spawn(listen).map(drop)
}

fn sources() -> io::Result<[Source; 4]> {
    let (mut interrupt, mut stop) = (ctrl_c()?, ctrl_break()?);
    let (mut close, mut shutdown) = (ctrl_close()?, ctrl_shutdown()?);
    Ok([
        Source::new(SIGINT, "Ctrl-C", move |cx| interrupt.poll_recv(cx)),
        Source::new(SIGBREAK, "Ctrl-Break", move |cx| stop.poll_recv(cx)),
        Source::new(SIGTERM, "console closed", move |cx| close.poll_recv(cx)),
        Source::new(SIGTERM, "system shutdown", move |cx| shutdown.poll_recv(cx)),
    ])
}

async fn next(sources: &mut [Source]) -> (&'static str, i32) {
    poll_fn(|cx| {
        for source in &mut *sources {
            if (source.poll)(cx) {
                return Poll::Ready((source.name, source.number));
            }
        }
        Poll::Pending
    })
    .await
}

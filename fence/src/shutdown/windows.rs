//! What ends a process on Windows, as signals.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::{io, process, thread};

use tokio::runtime::Builder;
use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

use super::Signal;

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;
const SIGBREAK: i32 = 21;

/// An event of the console, and the signal that it is closest to.
struct Source {
    poll: Box<dyn FnMut(&mut Context<'_>) -> bool + Send>,
    signal: Signal,
}

impl Source {
    fn new(
        number: i32,
        name: &'static str,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<Option<()>> + Send + 'static,
    ) -> Self {
        let poll = Box::new(move |cx: &mut Context<'_>| poll(cx).is_ready());
        let signal = Signal { number, name };
        Self { poll, signal }
    }
}

pub(in crate::shutdown) fn listen(
    mut heard: impl FnMut(Signal) + Send + 'static,
) -> io::Result<()> {
    let mut sources = sources()?;
    let waiting = Builder::new_current_thread().build()?;
    let listen = move || {
        waiting.block_on(async {
            loop {
                heard(next(&mut sources).await);
            }
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

async fn next(sources: &mut [Source]) -> Signal {
    poll_fn(|cx| {
        for source in &mut *sources {
            if (source.poll)(cx) {
                return Poll::Ready(source.signal);
            }
        }
        Poll::Pending
    })
    .await
}

pub(in crate::shutdown) fn exit_now(status: i32) -> ! {
    process::exit(status)
}

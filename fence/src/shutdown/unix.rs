//! The signals of Unix.

use std::io;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use super::Signal;

const SIGNALS: [Signal; 2] = [
    Signal {
        number: SIGTERM,
        name: "SIGTERM",
    },
    Signal {
        number: SIGINT,
        name: "SIGINT",
    },
];

pub(in crate::shutdown) fn listen(
    mut heard: impl FnMut(Signal) + Send + 'static,
) -> io::Result<()> {
    let mut signals = Signals::new(SIGNALS.map(|signal| signal.number))?;
    let listen = move || {
        for number in signals.forever() {
            if let Some(signal) = SIGNALS.iter().find(|signal| signal.number == number) {
                heard(*signal);
            }
        }
    };
    let thread = thread::Builder::new().name("fence-signals".to_owned());
    thread.spawn(listen).map(drop)
}

/// Without anything that others do at an exit.
pub(in crate::shutdown) fn exit_now(status: i32) -> ! {
    low_level::exit(status)
}

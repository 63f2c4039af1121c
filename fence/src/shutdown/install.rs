//! Making a shutdown: the one of the process, or one of a test.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::fencing::Fencing;
use crate::shutdown::ending::Ending;
use crate::shutdown::pace::apart;
use crate::shutdown::plan::ShutdownPlan;
use crate::shutdown::shutdown::Shutdown;
use crate::shutdown::signals;
use crate::shutdown::timeline::Timeline;
use crate::shutdown::work::Work;
use crate::trigger::Event;

impl Shutdown {
    /// Listens to the signals from now on, with the plan for Kubernetes. Belongs at the start of
    /// `main`, as a signal that came before it has its default effect.
    ///
    /// For another plan, see [`ShutdownPlan::install`]. There is one in a process, whichever
    /// runtime it is installed in, if in any, and the signals keep their new meaning until the end
    /// of the process.
    ///
    /// # Errors
    ///
    /// If one is installed already, if the signals cannot be listened to, or if no thread can be
    /// started.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Shutdown;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = Shutdown::install()?;
    /// assert!(shutdown.is_ready());
    /// assert!(shutdown.signal().is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn install() -> io::Result<Self> {
        ShutdownPlan::new().install()
    }

    pub(super) fn installed(plan: ShutdownPlan) -> io::Result<Self> {
        static INSTALLED: AtomicBool = AtomicBool::new(false);
        if INSTALLED.swap(true, Ordering::Relaxed) {
            let text = "a `Shutdown` is installed in this process: pass on a clone of it";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        let events = ["shutdown", "shutdown-hard"].map(|name| Event::named(name).clone());
        let shutdown = Self::new(plan, events, true).and_then(Self::listening);
        shutdown.inspect_err(|_| INSTALLED.store(false, Ordering::Relaxed))
    }

    fn listening(self) -> io::Result<Self> {
        /// As long as the process, whoever drops what.
        static KEPT: OnceLock<Arc<Timeline>> = OnceLock::new();
        let timeline = self.timeline.clone();
        // Wakes others, and so does not keep the thread from the next signal.
        signals::listen(|signal| apart(move || timeline.begin_unlocated(signal)))?;
        KEPT.get_or_init(|| self.timeline.clone());
        Ok(self)
    }

    pub(super) fn isolated(plan: ShutdownPlan) -> io::Result<Self> {
        Self::new(plan, [Event::new(), Event::new()], false)
    }

    fn new(plan: ShutdownPlan, events: [Event; 2], is_installed: bool) -> io::Result<Self> {
        let work = Work::new();
        let [soft, hard] = &events;
        let offers = Fencing::new().offer("shutdown", soft);
        let offers = offers.offer("shutdown-hard", hard);
        let ending = is_installed.then(|| Arc::new(Ending::new(&work)));
        Ok(Self {
            timeline: Timeline::new(plan, events, ending)?,
            work,
            offers,
        })
    }
}

//! Where the failures of children go.

use crate::groups::member::Child;
use crate::outcome::Cancelled;
use crate::util::Mutex;

/// Is handed the errors of children.
pub(crate) type Handler<E> = Box<dyn Fn(&Child, E) + Send + Sync>;

/// Where the failures of children go.
pub(crate) enum Errors<E> {
    Handler(Handler<E>),
    /// Into a list, and the first ends the group. With how to say it in a text.
    Collect(Mutex<Failures<E>>, fn(&E) -> String),
}

/// What children, and the host, have failed with.
pub(crate) struct Failures<E> {
    pub(crate) list: Vec<Failed<E>>,
    /// Whether nobody will be handed the list, because the code that ran the group was cut.
    pub(crate) is_abandoned: bool,
}

/// One failure.
pub(crate) struct Failed<E> {
    /// `None` for the host.
    pub(crate) child: Option<Child>,
    pub(crate) with: With<E>,
    /// For those who learn of it only as a text.
    pub(crate) text: String,
}

/// What it was.
pub(crate) enum With<E> {
    Error(E),
    Cut(Cancelled),
}

impl<E> Default for Failures<E> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            is_abandoned: false,
        }
    }
}

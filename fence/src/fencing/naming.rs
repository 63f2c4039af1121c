//! What a name means: a source that is bound or offered under it, or the event of the process
//! (D18, D18a).

use std::borrow::Cow;

use crate::fencing::fencing::Fencing;
use crate::trigger::{Entry, Event, Source, Trigger};

impl Fencing {
    /// Offers a trigger under a code, to the fences that name it: by `on = "code"`, or by
    /// [`on_named`](Self::on_named).
    ///
    /// A fence that does not name it is not cut by it, unlike by what is put [`on`](Self::on) the
    /// set. So an offer stands in for the process-wide [`Event::named`] and changes nothing else:
    /// in a test, or for a second runtime in one process. A later offer under the code replaces
    /// an earlier one; what is put `on` the set under the code comes before both.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing, block::fenced};
    ///
    /// # async fn answer() -> &'static str { "answered" }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let shutdown = Event::new();
    /// shutdown.set();
    /// let server = Fencing::new().offer("shutdown", &shutdown);
    /// server
    ///     .bind(async {
    ///         let request = fenced!(timeout = "5s", answer());
    ///         assert_eq!(request.unwrap(), "answered"); // does not name it
    ///         let stream = fenced!(on = "shutdown", std::future::pending::<()>());
    ///         assert!(stream.cancelled_by("shutdown"));
    ///     })
    ///     .await;
    /// # }
    /// ```
    #[must_use]
    pub fn offer<T>(mut self, code: impl Into<Cow<'static, str>>, trigger: &T) -> Self
    where
        T: Trigger + ?Sized,
    {
        let offer = Entry {
            code: code.into(),
            source: trigger.source(),
        };
        self.add_offer(offer);
        self
    }

    fn add_offer(&mut self, offer: Entry) {
        let offers = &mut self.edit().offers;
        offers.retain(|known| known.code != offer.code);
        offers.push(offer);
    }

    /// Adds the source of that name, as `on = "name"` in a macro does.
    ///
    /// That is what the set itself has under the code, by [`on`](Self::on) or by
    /// [`offer`](Self::offer); else what is bound where the fence is first polled; else the
    /// process-wide [`Event::named`]. Where the set is bound it is looked up once, there.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let shutdown = Event::new();
    /// shutdown.set();
    /// let stream = Fencing::new().on_named("shutdown").run(std::future::pending::<()>());
    /// let outcome = Fencing::new().offer("shutdown", &shutdown).bind(stream).await;
    /// assert!(outcome.cancelled_by("shutdown"));
    /// # }
    /// ```
    #[must_use]
    pub fn on_named(mut self, name: &'static str) -> Self {
        if !self.names().contains(&name) {
            self.edit().names.push(name);
        }
        self
    }

    pub(super) fn names(&self) -> &[&'static str] {
        self.set.as_ref().map_or(&[], |set| &set.names)
    }

    /// Adds all that another set offers.
    pub(crate) fn offering(mut self, other: &Self) -> Self {
        for offer in other.offers() {
            self.add_offer(offer.clone());
        }
        self
    }

    pub(super) fn offers(&self) -> &[Entry] {
        self.set.as_ref().map_or(&[], |set| &set.offers)
    }

    #[inline]
    pub(crate) fn has_names(&self) -> bool {
        !self.names().is_empty()
    }

    /// What it means by a code: what is on it, or else offered.
    pub(crate) fn meaning(&self, code: &str) -> Option<&Entry> {
        let on = self.entries().iter().find(|entry| entry.code == code);
        on.or_else(|| self.offered(code))
    }

    pub(crate) fn offered(&self, code: &str) -> Option<&Entry> {
        self.offers().iter().find(|offer| offer.code == code)
    }

    /// The set with its names replaced by what they mean, in itself or in `around`.
    #[inline]
    pub(crate) fn resolved(self, around: impl FnOnce() -> Self) -> Self {
        if self.has_names() {
            self.with_meanings(&around())
        } else {
            self
        }
    }

    #[cold]
    fn with_meanings(mut self, around: &Self) -> Self {
        for name in std::mem::take(&mut self.edit().names) {
            if self.has(name) {
                continue;
            }
            let meaning = self.offered(name).or_else(|| around.meaning(name));
            let meaning = meaning.cloned().unwrap_or_else(|| of_process(name));
            self.add(meaning);
        }
        self
    }

    /// Of a set only the triggers whose codes are wanted, offered ones included.
    pub(crate) fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let mut only = Self::new();
        for entry in self.entries().iter().filter(|entry| wanted(&entry.code)) {
            only.add(entry.clone());
        }
        for offer in self.offers().iter().filter(|offer| wanted(&offer.code)) {
            if !self.has(&offer.code) {
                only.add(offer.clone());
            }
        }
        only
    }
}

/// The process-wide event of that name.
pub(crate) fn of_process(name: &'static str) -> Entry {
    Entry {
        code: Cow::Borrowed(name),
        source: Source::latch(Event::named(name).latch().clone()),
    }
}

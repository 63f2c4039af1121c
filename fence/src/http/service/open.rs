//! A request comes: whose it is, and how much time it has.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http_body::Body;
use tokio::time::Instant;

use super::exchange::Exchange;
use super::kin;
use super::layer::FenceLayer;
use super::request::RequestFence;
use super::settings::Settings;
use super::time::{Limits, margin};

impl FenceLayer {
    /// What the request shares with its answer, of which `asked` is said by this layer.
    #[inline]
    pub(super) fn open<B>(&self, request: &mut Request<B>, asked: Option<Duration>) -> Arc<Exchange>
    where
        B: Body + 'static,
    {
        let settings = &self.settings;
        let outer = kin::outer(request);
        let limits = settings.limits(request, asked, outer.as_deref());
        let exchange = Exchange::new(settings.clone(), limits, outer, request);
        if settings.has_extension {
            let exchange = exchange.clone();
            request.extensions_mut().insert(RequestFence { exchange });
        }
        exchange
    }

    /// Whether a function of the request says how it is treated.
    #[inline]
    pub(super) fn has_to_look(&self) -> bool {
        self.settings.watch.is_some() || self.settings.respond_by.is_some()
    }

    /// What those functions say: how much time it has; `Err` if it is to be left alone.
    #[cold]
    pub(super) fn look<B>(
        &self,
        request: Request<B>,
    ) -> (Request<B>, Result<Option<Duration>, ()>) {
        let (parts, body) = request.into_parts();
        let is_watched = self
            .settings
            .watch
            .as_ref()
            .is_none_or(|watch| watch(&parts));
        let respond_by = self.settings.respond_by.as_ref().filter(|_| is_watched);
        let asked = respond_by.and_then(|time| time(&parts));
        let request = Request::from_parts(parts, body);
        (request, is_watched.then_some(asked).ok_or(()))
    }
}

impl Settings {
    /// The limits of a request, of which `asked` is said by this layer: a little before the client,
    /// or a framework for it, gives up.
    fn limits<B>(
        &self,
        request: &Request<B>,
        asked: Option<Duration>,
        outer: Option<&Exchange>,
    ) -> Limits {
        let of_client = self.deadlines.read_of(request).map(|time| {
            let margin = self.margin.unwrap_or_else(|| margin(time));
            time.saturating_sub(margin)
        });
        let of_layer = asked.into_iter().chain(self.max_deadline).min();
        if of_client.is_none() && of_layer.is_none() && outer.is_none() {
            return Limits::default();
        }
        let now = Instant::now();
        let at = |time: Option<Duration>| now.checked_add(time?);
        let (of_client, of_layer) = (at(of_client), at(of_layer));
        let around = outer.map(Exchange::limits).unwrap_or_default();
        let body = of_layer.filter(|_| self.covers_body);
        Limits {
            head: of_client
                .into_iter()
                .chain(of_layer)
                .chain(around.head)
                .min(),
            body: of_client.into_iter().chain(body).chain(around.body).min(),
        }
    }
}

//! An answer in place of a handler whose time is over.

use std::any::TypeId;
use std::sync::Arc;
use std::task::Context;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tokio::time::Instant;

use super::exchange::Exchange;
use super::response_body::ResponseBody;
use super::time::Alarm;
use crate::http::answers::{Answer, Protocol};

/// Waits for the time of a request to be over, where the layer answers then.
pub(super) struct Overdue {
    pub(super) exchange: Arc<Exchange>,
    protocol: Protocol,
    alarm: Alarm,
}

impl Overdue {
    #[inline]
    pub(super) fn of<B>(exchange: &Arc<Exchange>, request: &Request<B>) -> Option<Box<Self>> {
        exchange.settings.respond_by.as_ref()?;
        exchange.limit()?;
        Some(Box::new(Self {
            exchange: exchange.clone(),
            protocol: Protocol::of(request),
            alarm: Alarm::default(),
        }))
    }

    /// Whether there was no time to begin with.
    pub(super) fn is_over(&self) -> bool {
        self.exchange.limit().is_some_and(|at| at <= Instant::now())
    }

    /// Whether it is over; wakes when it is.
    pub(super) fn has_passed(&mut self, cx: &mut Context<'_>) -> bool {
        self.alarm.has_passed(self.exchange.limit(), cx)
    }

    /// 504 or `DEADLINE_EXCEEDED`. Where the handler's answers are not made of `Bytes`, which is
    /// rare, it has no body.
    pub(super) fn answer<R: Body + Send + 'static>(&self) -> Response<ResponseBody<R>> {
        let response = Answer::overdue().response(self.protocol).map(Bytes::from);
        if TypeId::of::<R::Data>() == TypeId::of::<Bytes>() {
            return response.map(ResponseBody::own);
        }
        let mut response = response.map(|_| ResponseBody::own(Bytes::new()));
        if self.protocol != Protocol::Grpc {
            response.headers_mut().remove(http::header::CONTENT_TYPE);
        }
        response
    }
}

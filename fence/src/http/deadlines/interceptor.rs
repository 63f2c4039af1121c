//! Deadlines on the calls of a tonic client (feature `tonic`).

use tonic::service::Interceptor;
use tonic::{Request, Status};

use crate::http::deadlines::outgoing_deadline::OutgoingDeadline;

/// Writes what is left to each call of a client, and fails it with a [`Status`] where nothing is.
///
/// tonic's `Channel` obeys `grpc-timeout` as well: when the service does not answer in time, the
/// call fails with its own `Cancelled` status, by the margin before the fence is cut.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Fencing, OutgoingDeadline};
/// use tonic::{Request, service::Interceptor};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// // What a generated `Client::with_interceptor(channel, OutgoingDeadline::grpc())` does:
/// let mut interceptor = OutgoingDeadline::grpc();
/// let request = Fencing::new().budget(Duration::from_secs(3));
/// let call = request.bind_sync(|| interceptor.call(Request::new(()))).unwrap();
/// assert_eq!(call.metadata().get("grpc-timeout").unwrap(), "2998000u");
///
/// let spent = Fencing::new().budget(Duration::ZERO);
/// let status = spent.bind_sync(|| interceptor.call(Request::new(()))).unwrap_err();
/// assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
/// # }
/// ```
impl Interceptor for OutgoingDeadline {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        self.write(request.metadata_mut().as_mut())?;
        Ok(request)
    }
}

//! Answers for tonic (feature `tonic`).

use tonic::{Code, Status};

use crate::http::answers::Answers;
use crate::http::answers::answer::Answer;
use crate::http::answers::grpc_code::GrpcCode;
use crate::outcome::Cancelled;

/// The code as tonic has it.
impl From<GrpcCode> for Code {
    fn from(code: GrpcCode) -> Self {
        Self::from_i32(code as i32)
    }
}

/// The code of the reason is the message.
impl From<Answer> for Status {
    fn from(answer: Answer) -> Self {
        Self::new(answer.grpc_code().into(), answer.code())
    }
}

/// Answers by the default table: see [`Answers`]. The code of the reason is the message; nothing
/// else goes along.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::fenced;
/// use tonic::{Code, Response, Status};
///
/// #[fenced(timeout = "5s", try)]
/// async fn report() -> Result<Response<String>, Status> {
///     tokio::time::sleep(Duration::from_secs(60)).await;
///     Ok(Response::new("all is well".to_owned()))
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let status = report().await.unwrap_err();
/// assert_eq!((status.code(), status.message()), (Code::DeadlineExceeded, "timeout"));
/// # }
/// ```
impl From<Cancelled> for Status {
    fn from(why: Cancelled) -> Self {
        Answers::new().answer(&why).into()
    }
}

//! What cancellations are answered with.

use std::sync::Arc;
use std::time::Duration;

use axum::handler::Handler;
use axum::response::IntoResponse;
use fence::{
    Answers, Cancelled, Event, Fencing, Firing, FiringFuture, GrpcCode, Handle, Protocol,
    ReasonKind, Trigger, fenced,
};
use http::{Request, Response, StatusCode, Version};
use tonic::{Code, Status};

const SECRET: &str = "postgres://admin:hunter2@db";

/// Cut by an event of this code, which has a cause to hide.
async fn by_event(code: &'static str) -> Cancelled {
    let event = Event::new();
    event.set_because(SECRET);
    let fencing = Fencing::new().named("secret_function").on(code, &event);
    fencing.run(async {}).await.cancelled().unwrap()
}

async fn by_time(fencing: Fencing) -> Cancelled {
    let outcome = fencing.run(std::future::pending::<()>()).await;
    outcome.cancelled().unwrap()
}

async fn by_handle<R>(cancel: impl FnOnce(Handle) -> R) -> Cancelled {
    let mut fence = Fencing::new().run(std::future::pending::<()>());
    let _ = cancel(fence.handle());
    fence.await.cancelled().unwrap()
}

fn expect(why: &Cancelled, status: u16, code: Code) {
    assert_eq!(why.http_status().as_u16(), status, "{why}");
    assert_eq!(Code::from(why.grpc_code()), code, "{why}");
    let answer = Answers::new().answer(why);
    assert_eq!(answer.code(), why.primary().code());
    assert_eq!(
        (answer.status(), answer.grpc_code()),
        (why.http_status(), why.grpc_code())
    );
    assert_eq!(Status::from(why.clone()).code(), code);
    assert_eq!(why.clone().into_response().status().as_u16(), status);
}

#[tokio::test(start_paused = true)]
async fn by_code() {
    expect(&by_event("disconnect").await, 499, Code::Cancelled);
    expect(&by_event("shutdown").await, 503, Code::Unavailable);
    expect(&by_event("shutdown-hard").await, 503, Code::Unavailable);
    expect(&by_event("quota").await, 409, Code::Cancelled);
    expect(&by_event("").await, 409, Code::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn by_kind() {
    let second = Duration::from_secs(1);
    let at = tokio::time::Instant::now() + second;
    for fencing in [
        Fencing::new().timeout(second),
        Fencing::new().budget(Duration::ZERO),
        Fencing::new().deadline(at),
        Fencing::new().timeout_as("db", second),
    ] {
        expect(&by_time(fencing).await, 504, Code::DeadlineExceeded);
    }
    // A code that says more than time does.
    let drain = Fencing::new().timeout_as("shutdown", second);
    expect(&by_time(drain).await, 503, Code::Unavailable);

    let by_user = by_handle(|handle| handle.cancel()).await;
    expect(&by_user, 409, Code::Cancelled);
    let left = by_handle(|handle| handle.cancel_as("disconnect")).await;
    expect(&left, 499, Code::Cancelled);
    let guarded = by_handle(|handle| drop(handle.drop_guard())).await;
    expect(&guarded, 500, Code::Unknown);
}

/// Fires at once, as what it is told.
#[derive(Clone)]
struct As(ReasonKind);

impl Trigger for As {
    fn fired(&self) -> Option<Firing> {
        Some(Firing::new(self.0).because(SECRET))
    }

    fn wait(&self) -> FiringFuture {
        let kind = self.0;
        Box::pin(async move { Firing::new(kind) })
    }

    fn share(&self) -> Arc<dyn Trigger> {
        Arc::new(self.clone())
    }
}

#[tokio::test(start_paused = true)]
async fn by_kind_of_a_trigger_of_ones_own() {
    for (kind, status, code) in [
        (ReasonKind::Timeout, 504, Code::DeadlineExceeded),
        (ReasonKind::Event, 409, Code::Cancelled),
        (ReasonKind::Handle, 409, Code::Cancelled),
        (ReasonKind::Linked, 409, Code::Cancelled),
        (ReasonKind::Custom("quota"), 409, Code::Cancelled),
        (ReasonKind::Failed, 500, Code::Unknown),
        (ReasonKind::Dropped, 500, Code::Unknown),
    ] {
        let fencing = Fencing::new().on("mine", &As(kind));
        let why = fencing.run(async {}).await.cancelled().unwrap();
        expect(&why, status, code);
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_changes_nothing() {
    let inner = Fencing::new().timeout(Duration::from_secs(1)).linked();
    let body = async {
        let _ = inner.run(std::future::pending::<()>()).await;
        std::future::pending::<()>().await;
    };
    let why = Fencing::new().run(body).await.cancelled().unwrap();
    assert_eq!(why.primary().kind(), ReasonKind::Linked);
    expect(&why, 504, Code::DeadlineExceeded);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_task_is_nobodys_fault() {
    let task = fence::spawn(std::future::pending::<()>());
    task.abort();
    let why = task.await.cancelled().unwrap();
    expect(&why, 500, Code::Unknown);
}

#[tokio::test(start_paused = true)]
async fn the_first_reason_decides() {
    let (first, second) = (Event::new(), Event::new());
    second.set();
    first.set();
    let both = Fencing::new()
        .on("shutdown", &first)
        .on("disconnect", &second);
    let why = both.run(async {}).await.cancelled().unwrap();
    assert_eq!(why.reasons().len(), 2);
    expect(&why, 499, Code::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn entries_of_ones_own() {
    let answers = Answers::new()
        .status("quota", StatusCode::IM_A_TEAPOT)
        .grpc("quota", GrpcCode::ResourceExhausted)
        .status(String::from("quota"), StatusCode::TOO_MANY_REQUESTS)
        .grpc("disconnect", GrpcCode::Aborted);

    let quota = answers.answer(&by_event("quota").await);
    assert_eq!(quota.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(quota.grpc_code(), GrpcCode::ResourceExhausted);
    assert_eq!(Status::from(quota).code(), Code::ResourceExhausted);

    let disconnect = answers.answer(&by_event("disconnect").await);
    assert_eq!(disconnect.status().as_u16(), 499);
    assert_eq!(disconnect.grpc_code(), GrpcCode::Aborted);

    let other = by_event("shutdown").await;
    assert_eq!(answers.answer(&other), Answers::default().answer(&other));
}

fn body(response: &Response<String>) -> &str {
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    response.body()
}

#[tokio::test(start_paused = true)]
async fn problems_name_the_status_and_the_code() {
    for (code, expected) in [
        (
            "disconnect",
            r#"{"type":"about:blank","title":"Client Closed Request","status":499,"code":"disconnect"}"#,
        ),
        (
            "quota",
            r#"{"type":"about:blank","title":"Conflict","status":409,"code":"quota"}"#,
        ),
        (
            "a\"b\\c\n\u{1}é\u{7f}",
            "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,\
             \"code\":\"a\\\"b\\\\c\\u000a\\u0001é\u{7f}\"}",
        ),
    ] {
        let answer = Answers::new().answer(&by_event(code).await);
        assert_eq!(body(&answer.response(Protocol::Http1)), expected);
        assert_eq!(body(&answer.response(Protocol::Http2)), expected);
    }
    let odd = StatusCode::from_u16(599).unwrap();
    let answer = Answers::new().status("quota", odd);
    let answer = answer.answer(&by_event("quota").await);
    assert!(
        body(&answer.response(Protocol::Http2)).contains(r#""title":"Cancelled","status":599"#)
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_private_is_told() {
    for code in ["disconnect", "shutdown", "quota"] {
        let why = by_event(code).await;
        assert!(
            why.to_string().contains(SECRET),
            "there is something to tell"
        );
        let answer = Answers::new().answer(&why);
        let by = |protocol| answer.response(protocol);
        let answers = [Protocol::Http1, Protocol::Http2, Protocol::Grpc].map(by);
        let status = Status::from(why.clone());
        let (head, body) = why.into_response().into_parts();
        let body = axum::body::to_bytes(body, 1000).await.unwrap();
        let body = std::str::from_utf8(&body).unwrap();
        let told = format!("{answer:?} {answers:?} {status:?} {status} {head:?} {body}");

        assert!(told.contains(code));
        for private in [SECRET, "secret_function", "answers.rs"] {
            assert!(!told.contains(private), "{private} in {told}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_sends_clients_elsewhere() {
    let answer = Answers::new().answer(&by_event("shutdown").await);
    let response = answer.response(Protocol::Http1);
    assert_eq!(response.headers()["connection"], "close");
    assert_eq!(response.headers()["retry-after"], "1");

    let response = answer.response(Protocol::Http2);
    assert!(!response.headers().contains_key("connection"));
    assert_eq!(response.headers()["retry-after"], "1");

    let other = Answers::new().answer(&by_event("quota").await);
    assert_eq!(other.response(Protocol::Http1).headers().len(), 2);
    for protocol in [Protocol::Http1, Protocol::Http2, Protocol::Grpc] {
        let response = other.response(protocol);
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}

#[tokio::test(start_paused = true)]
async fn grpc_answers_are_all_head() {
    for (code, message) in [("shutdown", "shutdown"), ("50% é\n", "50%25 %C3%A9%0A")] {
        let answer = Answers::new().answer(&by_event(code).await);
        let response = answer.response(Protocol::Grpc);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["grpc-message"], message);
        assert!(response.body().is_empty());
        // As tonic's clients read it.
        let status = Status::from_header_map(response.headers()).unwrap();
        assert_eq!(status.message(), code);
        assert_eq!(status.code(), answer.grpc_code().into());
    }
}

#[test]
fn codes_are_those_of_tonic() {
    for (code, number) in [
        (GrpcCode::Cancelled, Code::Cancelled),
        (GrpcCode::Unknown, Code::Unknown),
        (GrpcCode::InvalidArgument, Code::InvalidArgument),
        (GrpcCode::DeadlineExceeded, Code::DeadlineExceeded),
        (GrpcCode::NotFound, Code::NotFound),
        (GrpcCode::AlreadyExists, Code::AlreadyExists),
        (GrpcCode::PermissionDenied, Code::PermissionDenied),
        (GrpcCode::ResourceExhausted, Code::ResourceExhausted),
        (GrpcCode::FailedPrecondition, Code::FailedPrecondition),
        (GrpcCode::Aborted, Code::Aborted),
        (GrpcCode::OutOfRange, Code::OutOfRange),
        (GrpcCode::Unimplemented, Code::Unimplemented),
        (GrpcCode::Internal, Code::Internal),
        (GrpcCode::Unavailable, Code::Unavailable),
        (GrpcCode::DataLoss, Code::DataLoss),
        (GrpcCode::Unauthenticated, Code::Unauthenticated),
    ] {
        assert_eq!(code as i32, i32::from(number));
        assert_eq!(Code::from(code), number);
    }
}

#[test]
fn requests_say_how_they_want_it() {
    let of = |version, kind: Option<&str>| {
        let request = Request::builder().version(version);
        let request = match kind {
            Some(kind) => request.header("content-type", kind),
            None => request,
        };
        Protocol::of(&request.body(()).unwrap())
    };
    assert_eq!(of(Version::HTTP_10, None), Protocol::Http1);
    assert_eq!(of(Version::HTTP_11, Some("text/plain")), Protocol::Http1);
    assert_eq!(
        of(Version::HTTP_2, Some("application/json")),
        Protocol::Http2
    );
    assert_eq!(of(Version::HTTP_3, None), Protocol::Http2);
    assert_eq!(
        of(Version::HTTP_2, Some("application/grpc+proto")),
        Protocol::Grpc
    );
    assert_eq!(
        of(Version::HTTP_11, Some("application/grpc-web")),
        Protocol::Grpc
    );
}

#[fenced(timeout = "1s")]
async fn slow(request: axum::extract::Request) -> String {
    tokio::time::sleep(Duration::from_secs(60)).await;
    request.uri().to_string()
}

#[fenced(timeout = "1s", try)]
async fn fallible() -> Result<&'static str, Cancelled> {
    std::future::pending().await
}

#[fenced(timeout = "1s")]
async fn quick() -> &'static str {
    tokio::task::yield_now().await;
    "done"
}

#[tokio::test(start_paused = true)]
async fn fenced_functions_are_handlers_as_they_are() {
    let request = || Request::new(axum::body::Body::empty());
    assert_eq!(Handler::call(quick, request(), ()).await.status(), 200);
    assert_eq!(Handler::call(slow, request(), ()).await.status(), 504);
    assert_eq!(Handler::call(fallible, request(), ()).await.status(), 504);
}

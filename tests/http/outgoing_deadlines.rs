//! Telling what is left to whom is called.

use std::time::Duration;

use fence::{Cancelled, Event, Fencing, OutgoingDeadline, shield};
use http::{HeaderMap, HeaderName, HeaderValue};
use support::{ms, secs};
use tokio::time::{advance, sleep};
use tonic::service::Interceptor;

fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let headers = headers.iter().map(|(name, value)| {
        let value = HeaderValue::from_static(value);
        (HeaderName::from_static(name), value)
    });
    headers.collect()
}

#[tokio::test(start_paused = true)]
async fn tells_what_is_left_and_no_more() {
    let call = async {
        sleep(ms(400)).await;
        let outer = OutgoingDeadline::connect().headers().unwrap();
        assert_eq!(outer["connect-timeout-ms"], "598");
        let nested = Fencing::current().timeout(ms(100)).run(async {
            sleep(ms(50)).await;
            OutgoingDeadline::connect().headers().unwrap()
        });
        assert_eq!(nested.await.unwrap()["connect-timeout-ms"], "48");
        let wide = OutgoingDeadline::connect().margin(ms(500));
        assert_eq!(wide.left().unwrap(), Some(ms(50)));
    };
    Fencing::new().budget(ms(1000)).bind(call).await;
}

#[tokio::test(start_paused = true)]
async fn a_tighter_value_that_is_there_stays() {
    let request = Fencing::new().budget(ms(1002));
    for (there, after) in [
        ("500", "500"),
        ("1000", "1000"),
        ("1001", "1000"),
        ("9000", "1000"),
        ("whenever", "1000"),
    ] {
        let mut headers = map(&[("connect-timeout-ms", there)]);
        headers.append("connect-timeout-ms", HeaderValue::from_static("7000"));
        let written = request.bind_sync(|| OutgoingDeadline::connect().write(&mut headers));
        written.unwrap();
        assert_eq!(headers["connect-timeout-ms"], after, "{there}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_deadline_nothing_changes() {
    let stop = Event::new();
    let before = map(&[("grpc-timeout", "9S"), ("te", "trailers")]);
    let mut headers = before.clone();
    OutgoingDeadline::grpc().write(&mut headers).unwrap();
    let body = async { OutgoingDeadline::grpc().write(&mut headers) };
    let outcome = Fencing::new().on("stop", &stop).run(body).await;
    outcome.flatten().unwrap();
    assert_eq!(headers, before);
}

fn refused(fencing: &Fencing) -> Cancelled {
    let mut headers = map(&[("grpc-timeout", "9S")]);
    let why = fencing.bind_sync(|| OutgoingDeadline::grpc().write(&mut headers));
    assert_eq!(headers["grpc-timeout"], "9S", "nothing was changed");
    why.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn too_little_time_fails_here() {
    for left in [ms(0), ms(1), ms(2)] {
        let why = refused(&Fencing::new().budget(left));
        assert!(why.is_timeout() && why.by("deadline"));
        let text = "cancelled: deadline: too little time is left for a call";
        assert_eq!(why.to_string(), text);
        assert_eq!(why.primary().location(), None);
    }
    let exactly = Fencing::new().budget(ms(2));
    assert!(
        exactly
            .bind_sync(|| OutgoingDeadline::grpc().left())
            .is_err()
    );
    let just_enough = ms(2) + Duration::from_nanos(1);
    let left = Fencing::new().budget(just_enough);
    let left = left.bind_sync(|| OutgoingDeadline::grpc().left());
    assert_eq!(left.unwrap(), Some(Duration::from_nanos(1)));

    let all = OutgoingDeadline::grpc().margin(Duration::MAX);
    let long = Fencing::new().budget(secs(1_000_000));
    assert!(long.bind_sync(|| all.left()).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_fence_that_has_fired_says_why() {
    let stop = Event::new();
    let body = async {
        assert!(OutgoingDeadline::grpc().headers().is_ok());
        stop.set();
        let why = refused(&Fencing::current());
        assert!(why.by("stop") && !why.by("deadline"));
    };
    let fence = Fencing::new().on("stop", &stop).timeout(secs(5)).run(body);
    assert!(fence.await.is_completed());

    let body = async {
        advance(secs(5)).await;
        let why = refused(&Fencing::current());
        assert_eq!(why.primary().code(), "call");
    };
    let fence = Fencing::new().timeout_as("call", secs(5)).run(body);
    assert!(fence.await.is_completed());
}

#[tokio::test(start_paused = true)]
async fn a_shield_hides_the_deadline_of_the_fence_around() {
    let body = shield(async { OutgoingDeadline::grpc().left() });
    let outcome = Fencing::new().timeout(secs(5)).run(body).await;
    assert_eq!(outcome.unwrap().unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn an_interceptor_writes_or_refuses() {
    let mut deadline = OutgoingDeadline::grpc();
    let call = |deadline: &mut OutgoingDeadline| {
        let mut call = tonic::Request::new(());
        call.set_timeout(secs(1));
        deadline.call(call)
    };
    let said = |left: Duration, deadline: &mut OutgoingDeadline| {
        let call = Fencing::new().budget(left).bind_sync(|| call(deadline));
        call.map(|call| call.metadata().get("grpc-timeout").unwrap().clone())
    };
    assert_eq!(said(ms(500), &mut deadline).unwrap(), "498000u");
    assert_eq!(
        said(secs(60), &mut deadline).unwrap(),
        "1000000u",
        "tonic's own"
    );
    let status = said(ms(1), &mut deadline).unwrap_err();
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
    assert_eq!(status.message(), "deadline");
    assert!(call(&mut deadline).is_ok());
}

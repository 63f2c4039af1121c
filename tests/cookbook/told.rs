use fence::Cancelled;

fn text(why: &Cancelled) -> &'static str {
    match why.primary().code() {
        "model" => "The model is busy. Try again in a minute.",
        "shutdown" => "We are updating. Try again now.",
        _ => "This took too long.",
    }
}

fn log(why: &Cancelled, count: &mut Counters) {
    for reason in why.reasons() {
        count.add(reason.code(), reason.kind().as_str()); // labels of a metric
    }
    eprintln!("{why:#}, after {:?}", why.elapsed()); // with the cause; names are for us alone
}

use support::secs;

#[derive(Default)]
struct Counters(Vec<String>);

impl Counters {
    fn add(&mut self, code: &str, kind: &str) {
        self.0.push(format!("{code}/{kind}"));
    }
}

#[tokio::test(start_paused = true)]
async fn users_and_operators_are_told() {
    let limit = fence::Fencing::new().timeout_as("model", secs(1));
    let why = limit.run(support::never()).await.cancelled().unwrap();
    let mut count = Counters::default();
    log(&why, &mut count);
    assert_eq!(count.0, ["model/timeout"]);
    assert!(text(&why).starts_with("The model is busy"));
}

use fence::{Fenced, fenced};

#[fenced(timeout = "30s", on = "shutdown")]
async fn generate(prompt: &str) -> String {
    model::complete(prompt).await // may be interrupted here, and nowhere else
}

async fn answer(prompt: &str) {
    match generate(prompt).await {
        Fenced::Completed(text) => db::save(&text).await,
        Fenced::Cancelled(why) if why.by("shutdown") => queue::put_back(prompt).await,
        Fenced::Cancelled(why) => eprintln!("{why}"), // `generate` cancelled: timeout: timed out after 30s
    }
}

mod model {
    pub(super) async fn complete(prompt: &str) -> String {
        if prompt == "slow" {
            std::future::pending::<()>().await;
        }
        prompt.to_uppercase()
    }
}

mod db {
    pub(super) async fn save(text: &str) {
        assert_eq!(text, "HI");
    }
}

mod queue {
    use std::cell::Cell;

    thread_local!(static PUT_BACK: Cell<u32> = const { Cell::new(0) });

    pub(super) async fn put_back(_: &str) {
        PUT_BACK.set(PUT_BACK.get() + 1);
    }

    pub(super) fn put_back_so_far() -> u32 {
        PUT_BACK.get()
    }
}

#[tokio::test(start_paused = true)]
async fn it_answers_or_says_why_not() {
    answer("hi").await;
    let why = generate("slow").await.cancelled().unwrap();
    answer("slow").await;
    assert_eq!(queue::put_back_so_far(), 0);
    let text = "`generate` cancelled: timeout: timed out after 30s";
    assert_eq!(why.to_string(), text);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_puts_it_back() {
    let shutdown = fence::Event::new();
    let world = fence::Fencing::new().offer("shutdown", &shutdown);
    tokio::join!(world.bind(answer("slow")), async { shutdown.set() });
    assert_eq!(queue::put_back_so_far(), 1);
}

use std::time::Duration;
use fence::{Event, Fenced, Fencing};
use fence::block::fenced;

#[fence::fenced(timeout = "30ms", on = "smoke")]
async fn work(ms: u64) -> u64 { tokio::time::sleep(Duration::from_millis(ms)).await; ms }

#[tokio::test(start_paused = true)]
async fn smoke() {
    assert_eq!(work(10).await.unwrap(), 10);
    let o = work(50).await;
    println!("{}", o.clone().cancelled().unwrap());
    assert!(o.cancelled_by("timeout"));
    let ev = Event::new();
    let f = Fencing::new().timeout(Duration::from_secs(1)).on("stop", &ev);
    let (o, _) = tokio::join!(f.run(std::future::pending::<()>()), async { tokio::time::sleep(Duration::from_millis(10)).await; ev.set() });
    println!("{:?}", o);
    assert_eq!(fence::__private::waiters(&ev), 0);
    let outer = Fencing::new().timeout(Duration::from_millis(320)).run(async {
        let mut n = 0;
        loop { let r: Fenced<()> = fenced!(nested, timeout = "150ms", async { std::future::pending().await }); assert!(r.is_cancelled()); n += 1; println!("{n} {:?}", tokio::time::Instant::now()); if n > 4 { break } }
        n
    });
    println!("size {}", size_of_val(&Fencing::new().run(async {})));
    println!("{:?}", outer.await);
    Event::named("smoke").set();
    println!("{:?}", work(1).await.cancelled().unwrap().to_string());
}

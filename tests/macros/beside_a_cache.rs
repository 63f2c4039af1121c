use std::collections::HashMap;
use std::sync::Mutex;

static PRICES: Mutex<Option<HashMap<u8, u32>>> = Mutex::new(None);

/// Remembers prices, and knows nothing of fences.
async fn price(id: u8) -> u32 {
    if let Some(price) = PRICES.lock().unwrap().get_or_insert_default().get(&id) {
        return *price;
    }
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let price = u32::from(id) * 10;
    PRICES
        .lock()
        .unwrap()
        .get_or_insert_default()
        .insert(id, price);
    price
}

#[fence::fenced(timeout = "100ms")]
async fn price_in_time(id: u8) -> u32 {
    price(id).await
}

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    assert!(price_in_time(1).await.is_cancelled());
    assert_eq!(price(1).await, 10);
    assert_eq!(price_in_time(1).await.completed(), Some(10));
}

use std::cell::RefCell;

use fence::testing::cancel_at_every_await;
use tokio::task::yield_now;

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let seats = RefCell::new(vec![1, 2, 3]);
    let book = || async {
        yield_now().await; // which one is wanted?
        let seat = Held {
            seats: &seats,
            number: seats.borrow_mut().pop(),
        };
        yield_now().await; // the payment
        seat.sold()
    };

    let cancelled = cancel_at_every_await(book, async |polls, outcome| {
        let sold = usize::from(outcome.is_completed());
        assert_eq!(seats.borrow().len() + sold, 3, "after {polls} polls");
    })
    .await;
    assert_eq!(cancelled, 3); // before the start, and in each of the two awaits
}

struct Held<'a> {
    seats: &'a RefCell<Vec<u32>>,
    number: Option<u32>,
}
impl Held<'_> {
    fn sold(mut self) -> Option<u32> {
        self.number.take()
    }
}
impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.seats.borrow_mut().extend(self.number.take());
    }
}

trait Store {
    #[fence::fenced(timeout = "30s")]
    async fn read(&self) -> u8;
}

fn main() {}

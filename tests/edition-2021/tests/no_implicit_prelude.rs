//! Do the macros get by without the prelude?

#![deny(warnings)]

mod bare {
    #![no_implicit_prelude]

    #[::renamed::fenced(crate = ::renamed, timeout = "1s", on = ["shutdown", stop])]
    pub async fn function(stop: &::renamed::Event, text: &str) -> ::std::string::String {
        ::tokio::task::yield_now().await;
        ::std::convert::From::from(text)
    }

    #[::renamed::fenced(crate = ::renamed, timeout = "1s", try)]
    pub async fn fallible() -> ::std::result::Result<u8, ::renamed::Cancelled> {
        ::tokio::task::yield_now().await;
        ::std::result::Result::Ok(5)
    }

    pub async fn block(value: ::std::option::Option<u8>) -> ::std::option::Option<u8> {
        let fenced = ::renamed::block::fenced!(timeout = "1s", {
            ::tokio::task::yield_now().await;
            value?
        });
        fenced.completed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_module_without_the_prelude() {
    let stop = renamed::Event::new();
    assert_eq!(
        bare::function(&stop, "text").await.completed().as_deref(),
        Some("text")
    );
    assert_eq!(bare::fallible().await.ok(), Some(5));
    assert_eq!(bare::block(Some(5)).await, Some(5));
    assert_eq!(bare::block(None).await, None);
}

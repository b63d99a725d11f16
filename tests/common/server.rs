//! A real server on a loopback port, and a client that sends what it is told, byte for byte.
#![allow(dead_code, unreachable_pub, reason = "not every test takes everything")]

use std::{future::Future, time::Duration};

use axum::Router;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use trusthooks::SignedHeaders;

/// Longer than anything here takes, so that a hang fails instead of hanging.
pub async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("took more than 30 s")
}

/// Serves `app` until the test ends; gives the port.
pub async fn serve(app: Router) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    port
}

pub async fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

/// The head of a POST with these header lines.
pub fn head<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let lines: Vec<_> =
        headers.into_iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let lines = lines.concat();
    format!("POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n")
}

/// A signed POST as vendors send it: with a length.
pub fn post(signed: &SignedHeaders, body: &[u8]) -> Vec<u8> {
    let length = body.len().to_string();
    with(signed, &[("content-length", &length)], body)
}

/// A signed POST with other headers besides, and these bytes after its head.
pub fn with(signed: &SignedHeaders, extra: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let signed: Vec<(&str, &str)> = signed.iter().collect();
    [head([&signed, extra].concat()).as_bytes(), body].concat()
}

/// An answer, as far as tests look at it.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// Reads up to the end of the connection. A server that closes without an answer has status 0.
pub async fn answer(stream: &mut TcpStream) -> Answer {
    let mut text = Vec::new();
    // A reset after the answer is an answer all the same.
    let _ = within(stream.read_to_end(&mut text)).await;
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or(("", ""));
    let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
    Answer { status, body: body.to_owned() }
}

/// Sends the bytes over a connection of their own.
pub async fn exchange(port: u16, request: &[u8]) -> Answer {
    let mut stream = connect(port).await;
    let _ = stream.write_all(request).await;
    answer(&mut stream).await
}

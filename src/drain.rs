//! Reads off the wire a body that was refused.
//!
//! Most senders write their whole request before they read the answer. If the connection is closed
//! while there are unread bytes, the answer is lost too: the sender sees a broken pipe, and not the
//! reason.

use core::pin::pin;

use bytes::Buf as _;
use http::{HeaderMap, header};
use http_body::Body;
use http_body_util::BodyExt as _;

/// The limit of what is read off the wire, as a multiple of what would have been accepted.
pub(crate) const TIMES: usize = 8;

/// Reads up to `limit` bytes and keeps nothing of them.
pub(crate) async fn drain<B: Body>(body: B, limit: usize) {
    let mut body = pin!(body);
    let mut left = limit;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.into_data().map_or(0, |data| data.remaining());
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// Does the same for a body of which nothing was read yet. If the client waits for `100 Continue`,
/// nothing is read: such a client never sends the body.
pub(crate) async fn drain_unread<B: Body>(headers: &HeaderMap, body: B, limit: usize) {
    let waits = headers
        .get(header::EXPECT)
        .is_some_and(|expect| expect.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    if !waits {
        drain(body, limit).await;
    }
}

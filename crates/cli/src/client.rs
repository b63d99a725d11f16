//! Requests over HTTP/1.1, a connection each, as both vendors send them.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri, uri::Authority};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};

use crate::Result;

/// More of an answer than this is not read.
const MAX_ANSWER: usize = 1024 * 1024;

/// A host that may be sent to.
pub(crate) struct Host {
    address: SocketAddr,
    pub(crate) authority: Authority,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Host {
    /// The host of a URL; another machine only where that is allowed.
    pub(crate) async fn of(url: &Uri, may_be_remote: bool) -> Result<Self> {
        if url.scheme_str() != Some("http") {
            return Err(
                "only http:// URLs can be sent to; send to the receiver behind its TLS".into()
            );
        }
        let authority = url.authority().ok_or("the URL has no host")?.clone();
        let host = authority.host().trim_matches(['[', ']']);
        let address = lookup_host((host, authority.port_u16().unwrap_or(80)))
            .await
            .map_err(|error| format!("{host}: {error}"))?
            .next()
            .ok_or_else(|| format!("{host} has no address"))?;
        if !address.ip().is_loopback() && !may_be_remote {
            return Err(format!("{host} is another machine; --allow-remote sends to it").into());
        }
        Ok(Self { address, authority })
    }

    /// Whether something listens there.
    pub(crate) async fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect(self.address).await;
        stream.map_err(|error| format!("{}: {error}", self.authority).into())
    }

    /// Sends a request and waits for the whole answer, within a limit.
    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>,
        body: Bytes,
        patience: Duration,
    ) -> Result<Answer> {
        let mut request =
            Request::builder().method(method).uri(target).header("host", self.authority.as_str());
        for (name, value) in headers {
            request = request.header(name.as_ref(), value.as_ref());
        }
        let request = request.body(Full::new(body))?;
        let exchange = async {
            let stream = self.connect().await?;
            let (mut client, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            let connection = tokio::spawn(connection);
            let answer = client.send_request(request).await?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await?.to_bytes();
            drop(client);
            connection.abort();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        let answer = tokio::time::timeout(patience, exchange).await;
        answer.map_err(|_| format!("no answer within {} s", patience.as_secs_f64()))?
    }
}

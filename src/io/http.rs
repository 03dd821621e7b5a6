//! The API's server: connections counted, slow heads cut off, every request given an end.

use crate::control::Problem;
use crate::limits::HTTP_CONNECTIONS;
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// A request's head must have come by then; also how long a kept-alive connection may do nothing.
const HEAD: Duration = Duration::from_secs(30);
/// A request's answer must have begun by then, its body having come. Event streams begin at once and go on.
const ANSWER: Duration = Duration::from_secs(10);

/// Serves for as long as the runtime lives.
pub(super) async fn serve(listener: TcpListener, router: Router) {
    let router = router.layer(middleware::from_fn(limit));
    let places = Arc::new(Semaphore::new(HTTP_CONNECTIONS));
    loop {
        // With no place free, whoever comes next waits in the listener's own queue.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(fault) => {
                tracing::warn!(%fault, "HTTP accept");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let inner = TowerToHyperService::new(router.clone());
        // Whoever guesses passwords is slowed by where he comes from.
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            inner.call(request)
        });
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .serve_connection(TokioIo::new(stream), service);
            if let Err(fault) = connection.await {
                log(peer, &fault);
            }
            drop(place);
        });
    }
}

fn log(peer: SocketAddr, fault: &hyper::Error) {
    tracing::debug!(%peer, %fault, "HTTP connection");
}

async fn limit(request: Request, next: Next) -> Response {
    match timeout(ANSWER, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(StatusCode::REQUEST_TIMEOUT, "The request was not done in ten seconds.").into_response(),
    }
}

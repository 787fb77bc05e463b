//! Health and readiness over HTTP: alive means the process answers, ready means that pulls work.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A server that has its port.
#[derive(Debug)]
pub struct Health {
    listener: TcpListener,
}

impl Health {
    /// Takes the port; port 0 takes a free one, and the log says which.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        tracing::info!(address = %listener.local_addr()?, "health is served");
        Ok(Self { listener })
    }

    /// Answers until dropped.
    pub async fn serve(self, ready: Vec<watch::Receiver<bool>>) -> io::Result<()> {
        let router =
            Router::new().route("/health", get(|| async { "alive\n" })).route("/ready", get(readiness)).with_state(ready);
        axum::serve(self.listener, router).await
    }
}

async fn readiness(State(ready): State<Vec<watch::Receiver<bool>>>) -> (StatusCode, &'static str) {
    if ready.iter().all(|pool| *pool.borrow()) {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not pulling\n")
    }
}

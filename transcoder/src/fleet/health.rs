//! Health and readiness over HTTP, both with the same JSON body: `/health` always answers 200,
//! `/ready` answers 503 while this member takes no work, and why.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::fleet::member::{Member, Readiness};

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
    pub async fn serve(self, member: Arc<Member>) -> io::Result<()> {
        let router = Router::new().route("/health", get(health)).route("/ready", get(readiness)).with_state(member);
        axum::serve(self.listener, router).await
    }
}

/// A JSON answer.
type Answer = (StatusCode, [(HeaderName, &'static str); 1], String);

async fn health(State(member): State<Arc<Member>>) -> Answer {
    answer(StatusCode::OK, &member.readiness())
}

async fn readiness(State(member): State<Arc<Member>>) -> Answer {
    let readiness = member.readiness();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer(status, &readiness)
}

fn answer(status: StatusCode, readiness: &Readiness) -> Answer {
    let body = serde_json::to_string(readiness).unwrap_or_default();
    (status, [(CONTENT_TYPE, "application/json")], body)
}

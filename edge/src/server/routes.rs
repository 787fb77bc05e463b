//! Mounts handlers at the paths and methods of their `#[utoipa::path]`.
//!
//! On the host, routes carry their descriptions, from which a test makes
//! `edge/assets/openapi.json`. For wasm they do not, so the linker leaves every description out of
//! the Worker.

#[cfg(not(target_arch = "wasm32"))]
pub use utoipa_axum::router::OpenApiRouter as Routes;
#[cfg(not(target_arch = "wasm32"))]
pub use utoipa_axum::routes;

#[cfg(target_arch = "wasm32")]
pub use self::undescribed::Routes;
#[cfg(target_arch = "wasm32")]
pub(crate) use self::undescribed::routes;

#[cfg(target_arch = "wasm32")]
mod undescribed {
    use axum::Router;
    use axum::routing::MethodRouter;

    /// As `utoipa_axum::router::OpenApiRouter`, without descriptions.
    #[derive(Clone, Default)]
    pub struct Routes(Router);

    impl Routes {
        /// Adds what `routes!` makes.
        pub fn routes(self, (path, handlers): (String, MethodRouter)) -> Self {
            Self(self.0.route(if path.is_empty() { "/" } else { &path }, handlers))
        }

        pub fn nest(self, path: &str, routes: Self) -> Self {
            Self(self.0.nest(path, routes.0))
        }

        pub fn merge(self, routes: Self) -> Self {
            Self(self.0.merge(routes.0))
        }
    }

    impl From<Routes> for Router {
        fn from(routes: Routes) -> Self {
            routes.0
        }
    }

    /// As `utoipa_axum::routes!`, without descriptions: handlers of one path, by method.
    macro_rules! routes {
        ($($handler:path),+ $(,)?) => {{
            use utoipa_axum::PathItemExt as _;
            let (mut path, mut handlers) = (String::new(), axum::routing::MethodRouter::new());
            utoipa_axum::paste! { $(
                for method in utoipa_axum::routes!(@path [methods()] of $handler) {
                    handlers = handlers.on(method.to_method_filter(), $handler);
                }
                path.clone_from(&utoipa_axum::routes!(@path [path()] of $handler));
            )+ }
            (path, handlers)
        }};
    }
    pub(crate) use routes;
}

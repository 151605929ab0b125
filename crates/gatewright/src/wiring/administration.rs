//! The administration as an app of Gatewright's own: its API and its console, behind the door.

use std::convert::Infallible;

use bytes::Bytes;
use gw_api::{Administration, longest_body};
use gw_pages::{Bodies, JudgedRequest, PageService, Room};
use gw_web::BuiltIn;
use http::{Response, StatusCode};
use tokio::{runtime::Handle, task::AbortHandle};

/// Bytes of bodies for the administration that are held at once: of one person.
const BODIES_OF_ONE_BYTES_MAX: usize = 12 * 1024 * 1024;
/// And of everybody who may enter it.
const BODIES_BYTES_MAX: usize = 48 * 1024 * 1024;

/// Answers on the runtime that is current here: a traffic thread only waits for it.
pub(super) fn service(api: Administration) -> BuiltIn {
    let control = Handle::current();
    let service = PageService::new(tower::service_fn(move |request: JudgedRequest| {
        let (api, control) = (api.clone(), control.clone());
        async move {
            let answering = control.spawn(answer(api, request));
            // Who hangs up, or is cut, wants nothing more.
            let _abandoned = Abandoned(answering.abort_handle());
            Ok::<_, Infallible>(answering.await.unwrap_or_else(|_| failed()))
        }
    }));
    BuiltIn {
        service,
        bodies: Bodies::within(
            longest_body,
            Room::new(BODIES_OF_ONE_BYTES_MAX, BODIES_BYTES_MAX),
        ),
        for_programs: |_| false,
        from_elsewhere: |_| false,
        open_to_pages: None,
    }
}

async fn answer(api: Administration, request: JudgedRequest) -> Response<Bytes> {
    match Administration::is_api(&request.path) {
        true => api.judged(request).await,
        false => gw_console::administration::answer(&request),
    }
}

fn failed() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"This could not be answered.\n"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// Ends what nobody waits for any more.
struct Abandoned(AbortHandle);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.abort();
    }
}

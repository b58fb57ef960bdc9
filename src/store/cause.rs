//! Turns an error of a store into one line for a person: what the server answered and what to do about it. The full
//! response is never shown, because it may quote what signed the request.

use std::error::Error as StdError;

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

use super::error::StoreError;

/// The start of `object_store`'s message for a response with a status other than 2xx.
pub(super) const ANSWERED: &str = "Server returned non-2xx status code: ";

/// Where cloud machines request the credentials of their role.
const ROLES: [&str; 2] = ["//169.254.", "//metadata."];

/// The innermost reason. The outer errors only repeat the path and the kind of store.
pub(super) fn cause(error: &Error) -> String {
    let asked_role = chain(error).any(|error| {
        let text = error.to_string();
        ROLES.iter().any(|role| text.contains(role))
    });
    if asked_role {
        return "no credentials found: set those of the store in the environment".to_owned();
    }
    match answer(error) {
        Some(answer) => answer.to_string(),
        None => chain(error).last().map(ToString::to_string).unwrap_or_default(),
    }
}

/// Whether a directory is in the way of a file, or a file in the way of its directory.
pub(super) fn is_obstructed(error: &Error) -> bool {
    use std::io::ErrorKind::{IsADirectory, NotADirectory};
    let io = |error: &(dyn StdError + 'static)| error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    chain(error).filter_map(io).any(|kind| matches!(kind, IsADirectory | NotADirectory))
}

/// Whether the same request may succeed later, as after server trouble or a broken connection. `false` where the system
/// or the server says that this file cannot be had.
pub(super) fn is_passing(error: &Error) -> bool {
    use Error::{InvalidPath, NotFound, NotImplemented, NotSupported, PermissionDenied, Unauthenticated};
    if matches!(
        error,
        InvalidPath { .. }
            | NotFound { .. }
            | NotImplemented { .. }
            | NotSupported { .. }
            | PermissionDenied { .. }
            | Unauthenticated { .. }
    ) {
        return false;
    }
    if let Some(answer) = answer(error) {
        let status = answer.status.get(..3).unwrap_or_default();
        return !status.starts_with('4') || matches!(status, "408" | "429");
    }
    // An error of the HTTP client is about the connection. Any other is the system's, about a file.
    chain(error).any(<dyn StdError>::is::<HttpError>)
        || chain(error).find_map(<dyn StdError>::downcast_ref).is_none_or(is_io_passing)
}

/// Like [`is_passing`], for an error of the system.
fn is_io_passing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, Interrupted, Other, OutOfMemory, ResourceBusy,
        StaleNetworkFileHandle, TimedOut, UnexpectedEof, WouldBlock,
    };
    /// Too many open files: `ENFILE` for the machine, `EMFILE` for the process.
    const FILES: [i32; 2] = [23, 24];
    let kinds = [
        BrokenPipe,
        ConnectionAborted,
        ConnectionReset,
        Interrupted,
        Other,
        OutOfMemory,
        ResourceBusy,
        StaleNetworkFileHandle,
        TimedOut,
        UnexpectedEof,
        WouldBlock,
    ];
    kinds.contains(&error.kind()) || error.raw_os_error().is_some_and(|code| cfg!(unix) && FILES.contains(&code))
}

/// An I/O error on a file of a local lake.
pub(super) fn of_system(verb: &'static str, path: String, lake: String, error: &std::io::Error) -> StoreError {
    StoreError { verb, path, lake, cause: error.to_string(), is_passing: is_io_passing(error) }
}

/// Whether the request may have been carried out and only its reply lost.
pub(super) fn is_lost(error: &Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    let lost = [BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof];
    chain(error).any(|error| {
        let http = error.downcast_ref::<HttpError>().map(HttpError::kind);
        let io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        matches!(http, Some(HttpErrorKind::Timeout | HttpErrorKind::Interrupted))
            || io.is_some_and(|io| lost.contains(&io))
    })
}

/// Whether the store does not support the condition of a put.
pub(super) fn is_unknown_condition(error: &Error) -> bool {
    if matches!(error, Error::NotImplemented { .. }) {
        return true;
    }
    let Some(answer) = answer(error) else { return false };
    let is_named = || {
        let said = answer.said.to_ascii_lowercase();
        ["if-match", "if-none-match", "not implemented", "notimplemented"].iter().any(|name| said.contains(name))
    };
    matches!(answer.status.get(..3), Some("405" | "501")) || (answer.status.starts_with("400") && is_named())
}

fn chain<'a>(error: &'a Error) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let next = |error: &&'a (dyn StdError + 'static)| {
        let error: &'a (dyn StdError + 'static) = *error;
        error.source()
    };
    std::iter::successors(Some(error as &'a (dyn StdError + 'static)), next)
}

/// An error response of a server.
struct Answer {
    /// Status code and reason: `403 Forbidden`.
    status: String,
    /// The server's error code and message.
    said: String,
}

fn answer(error: &Error) -> Option<Answer> {
    let text = chain(error).map(ToString::to_string).find(|text| text.starts_with(ANSWERED))?;
    let rest = text.strip_prefix(ANSWERED)?;
    let (status, body) = rest.split_once(": ").unwrap_or((rest, ""));
    let json: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let message = json.and_then(|json| Some(json["error"]["message"].as_str()?.to_owned()));
    let parts = ["Code", "Message"].map(|name| element(body, name).map(str::to_owned));
    let parts: Vec<String> = parts.into_iter().flatten().chain(message).collect();
    Some(Answer { status: status.to_owned(), said: parts.join(": ") })
}

/// The first line of an XML element.
fn element<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once('<')?;
    text.trim().lines().next()
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, said } = self;
        match status.get(..3) {
            // The message of these may quote the credentials.
            Some("401" | "403") => {
                let code = said.split(':').next().unwrap_or_default();
                write!(f, "{status} ({code}): check the credentials in the environment and their permissions")
            }
            _ if said.is_empty() => f.write_str(status),
            _ => write!(f, "{status}: {said}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(text: &str) -> Error {
        let source = std::io::Error::other(format!("{ANSWERED}{text}"));
        Error::Generic { store: "S3", source: source.into() }
    }

    #[test]
    fn an_answer_is_told_by_its_code_and_message() {
        let body = "404 Not Found: <Error><Code>NoSuchBucket</Code><Message>The bucket does not exist\nat all</Message></Error>";
        assert_eq!(cause(&answered(body)), "404 Not Found: NoSuchBucket: The bucket does not exist");
        let body = "400 Bad Request: {\"error\":{\"code\":400,\"message\":\"Bad name\"}}";
        assert_eq!(cause(&answered(body)), "400 Bad Request: Bad name");
        assert_eq!(cause(&answered("503 Service Unavailable")), "503 Service Unavailable");
    }

    #[test]
    fn what_signed_a_request_is_never_told() {
        let body = "403 Forbidden: <Error><Code>SignatureDoesNotMatch</Code><Message>AKIASECRET is wrong</Message>\
                    <AWSAccessKeyId>AKIASECRET</AWSAccessKeyId><StringToSign>AKIASECRET</StringToSign></Error>";
        let told = cause(&answered(body));
        assert_eq!(
            told,
            "403 Forbidden (SignatureDoesNotMatch): check the credentials in the environment and their permissions"
        );
    }

    #[test]
    fn a_machine_without_a_role_lacks_credentials() {
        let source = std::io::Error::other("Error performing PUT http://169.254.169.254/latest/api/token in 3s");
        let told = cause(&Error::Generic { store: "S3", source: source.into() });
        assert!(told.starts_with("no credentials found: set those"), "{told}");
    }

    #[test]
    fn what_passes_is_told_from_what_stays() {
        use std::io::ErrorKind;
        let passing = |source: std::io::Error| is_passing(&Error::Generic { store: "S3", source: source.into() });
        for status in ["503 Service Unavailable", "500 Internal Server Error", "429 Too Many Requests: slow down"] {
            assert!(is_passing(&answered(status)), "{status}");
        }
        assert!(!is_passing(&answered("400 Bad Request: <Code>KMS.DisabledException</Code>")));
        for kind in [ErrorKind::TimedOut, ErrorKind::ConnectionReset, ErrorKind::StaleNetworkFileHandle] {
            assert!(passing(kind.into()), "{kind}");
        }
        for kind in [ErrorKind::PermissionDenied, ErrorKind::IsADirectory, ErrorKind::InvalidInput] {
            assert!(!passing(kind.into()), "{kind}");
        }
        // A refused connection, and a damaged disk.
        let refused = HttpError::new(HttpErrorKind::Connect, std::io::Error::from(ErrorKind::ConnectionRefused));
        assert!(is_passing(&Error::Generic { store: "S3", source: refused.into() }));
        #[cfg(unix)]
        assert!(!passing(std::io::Error::from_raw_os_error(5)) && passing(std::io::Error::from_raw_os_error(24)));
        assert!(!is_passing(&Error::NotFound { path: "a".into(), source: "404".into() }));
    }

    #[test]
    fn an_unknown_condition_is_told_from_a_bad_request() {
        assert!(is_unknown_condition(&answered("501 Not Implemented: <Code>NotImplemented</Code>")));
        assert!(is_unknown_condition(&answered(
            "400 Bad Request: <Message>unsupported header If-None-Match</Message>"
        )));
        assert!(!is_unknown_condition(&answered("400 Bad Request: <Code>InvalidBucketName</Code>")));
        assert!(!is_unknown_condition(&answered("503 Service Unavailable")));
    }
}

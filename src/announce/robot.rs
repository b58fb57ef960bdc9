//! Sends a text to a webhook, in the formats of the robots that Chinese teams use: `DingTalk`
//! (<https://open.dingtalk.com/document/orgapp/custom-robot-access>), Feishu
//! (<https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>), `WeCom`
//! (<https://developer.work.weixin.qq.com/document/path/91770>). What the text says is not decided here.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::ended::Ended;
use crate::clock::Clock;
use crate::fetch::http_client;
use crate::spec::{Event, Form};

/// The longest text in bytes: `WeCom` accepts 2,048.
const LONGEST: usize = 2_000;

/// How long sending may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A webhook that is told about runs.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its URL. Anyone who knows it can write to the group, so it is never shown.
    pub url: SecretString,
    /// The key that messages are signed with.
    pub secret: Option<SecretString>,
    /// The format of messages.
    pub form: Form,
}

impl Webhook {
    /// Sends a text.
    pub(super) async fn send(&self, ended: &Ended<'_>, events: &BTreeSet<Event>, text: &str) -> Result<()> {
        let mut url = self.url.expose_secret().to_owned();
        let mut body = body(self.form, ended, events, cut(text));
        if let Some(secret) = &self.secret {
            self.sign(secret.expose_secret(), Clock::machine(), &mut url, &mut body);
        }
        let sent = http_client()?.post(url).timeout(PATIENCE).header("content-type", "application/json");
        let response = sent.body(body.to_string()).send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status();
        let answer = response.text().await.map_err(reqwest::Error::without_url)?;
        if !status.is_success() {
            bail!("it responded with {status}");
        }
        // Robots answer 200 to everything and report errors in the body.
        let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
        let code = ["errcode", "code", "StatusCode"].iter().find_map(|name| answer[*name].as_i64()).unwrap_or(0);
        if code != 0 && self.form != Form::Json {
            let message = ["errmsg", "msg", "StatusMessage"].iter().find_map(|name| answer[*name].as_str());
            bail!("it refused the message with code {code}: {}", message.unwrap_or("no reason given"));
        }
        Ok(())
    }

    /// Signs a message the way the robot expects.
    fn sign(&self, secret: &str, now: DateTime<Utc>, url: &mut String, body: &mut Value) {
        match self.form {
            Form::DingTalk => {
                let time = now.timestamp_millis();
                let sign = signature(secret.as_bytes(), format!("{time}\n{secret}").as_bytes());
                let sign: String = form_urlencoded::byte_serialize(sign.as_bytes()).collect();
                let mark = if url.contains('?') { "&" } else { "?" };
                url.extend([mark, "timestamp=", &time.to_string(), "&sign=", &sign]);
            }
            Form::Feishu => {
                let time = now.timestamp();
                body["timestamp"] = time.to_string().into();
                body["sign"] = signature(format!("{time}\n{secret}").as_bytes(), b"").into();
            }
            Form::WeCom | Form::Json => {}
        }
    }
}

fn signature(key: &[u8], message: &[u8]) -> String {
    STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message))
}

fn body(form: Form, ended: &Ended<'_>, events: &BTreeSet<Event>, text: &str) -> Value {
    match form {
        Form::DingTalk | Form::WeCom => json!({ "msgtype": "text", "text": { "content": text } }),
        Form::Feishu => json!({ "msg_type": "text", "content": { "text": text } }),
        Form::Json => json!({
            "events": events.iter().map(|event| event.name()).collect::<Vec<_>>(),
            "command": ended.command,
            "jobs": ended.jobs,
            "run": ended.report.map(|report| &report.run),
            "exit": ended.exit,
            "meaning": ended.exit.meaning(),
            "error": ended.error,
            "text": text,
        }),
    }
}

/// Cuts a text to a length that every robot accepts.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected values come from the scripts in the vendors' documentation.
    #[test]
    fn messages_are_signed_as_the_robots_ask() {
        let now = DateTime::from_timestamp_millis(1_700_000_000_000).unwrap();
        let webhook = |form| Webhook { url: "".into(), secret: None, form };
        let (mut url, mut body) = ("https://host/send?access_token=t".to_owned(), json!({}));
        webhook(Form::DingTalk).sign("SEC1", now, &mut url, &mut body);
        let expected = "https://host/send?access_token=t&timestamp=1700000000000&sign=ukR4%2BWoOOBTGaOauYqugxVrMSFyr92q4hPxJxuOkiio%3D";
        assert_eq!(url, expected);
        webhook(Form::Feishu).sign("SEC1", now, &mut url, &mut body);
        assert_eq!(body, json!({ "timestamp": "1700000000", "sign": "s3Va4ru9IQUY6HTJcYx7OEVyXl0V0S/y32v4ZbfOHCI=" }));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = "数".repeat(1_000);
        assert_eq!(cut(&text).len(), 1_998);
        assert_eq!(cut("short"), "short");
    }
}

//! A lake's location in a form another machine can open. Holds no secrets: each machine reads its credentials from its
//! own environment.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, Error, Result};
use serde::{Deserialize, Serialize};

use super::cloud::{Access, StoreSettings};
use super::{Kind, Store};

/// The location of a lake. Its text form is JSON.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// An absolute path, or the URL of a bucket.
    lake: String,
    #[serde(default)]
    settings: StoreSettings,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        serde_json::from_str(text).with_context(|| format!("cannot read `{text}`"))
    }
}

impl Store {
    /// The address under which other machines find this lake.
    ///
    /// # Errors
    /// When the current folder is unknown.
    pub fn address(&self) -> Result<Address> {
        let lake = match self.kind {
            Kind::Remote(_) => self.name.clone(),
            Kind::Local(_) => std::path::absolute(&self.name)?.to_string_lossy().into_owned(),
        };
        Ok(Address { lake, settings: self.settings.clone() })
    }

    /// Opens the lake at an address. Variables in `access` take precedence over the settings in the address.
    ///
    /// # Errors
    /// As [`Store::reach`].
    pub fn at(address: &Address, access: &Access) -> Result<Self> {
        let access = Access { settings: address.settings.clone(), ..access.clone() };
        Self::reach(&address.lake, &access)
    }
}

//! Where a lake is, so that another machine finds it. Never a secret: what opens a store is in the environment of each machine.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, Error, Result};
use serde::{Deserialize, Serialize};

use super::cloud::{Access, StoreSettings};
use super::{Kind, Store};

/// Where a lake is; as a text it is JSON.
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
    /// The lake as other machines find it.
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

    /// Opens the lake at an address by the variables of `access`, which come first where they tell the same.
    ///
    /// # Errors
    /// As [`Store::reach`].
    pub fn at(address: &Address, access: &Access) -> Result<Self> {
        let access = Access { settings: address.settings.clone(), ..access.clone() };
        Self::reach(&address.lake, &access)
    }
}

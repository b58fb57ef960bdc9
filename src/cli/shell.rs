//! `completions` and `man`: the command line for shells and `man`. What commands do is decided elsewhere.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::context::print;
use super::language::{command, say};
use crate::report::Exit;
use crate::world::Misuse;

/// Print completions for a shell
///
/// For bash: `pitlake completions bash > ~/.local/share/bash-completion/completions/pitlake`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Write man pages, one for each command
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Folder that the pages go to, such as ~/.local/share/man/man1; created if it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl CompletionsArgs {
    /// `C` is the whole command line.
    pub(super) fn run<C: CommandFactory>(self) -> Result<Exit> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut command::<C>(), "pitlake", &mut text);
        print(&String::from_utf8(text)?)?;
        Ok(Exit::Done)
    }
}

impl ManArgs {
    /// `C` is the whole command line.
    pub(super) fn run<C: CommandFactory>(self) -> Result<Exit> {
        let folder = &self.folder;
        let refused = |error: std::io::Error| Misuse(format!("cannot write to `{}`: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(refused)?;
        clap_mangen::generate_to(command::<C>(), folder).map_err(refused)?;
        print(&say!("wrote man pages to {}", folder.display()))?;
        Ok(Exit::Done)
    }
}

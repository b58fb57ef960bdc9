//! The command line of a program that has a cluster: its own options beside those of pitlake. Never what a cluster is.

use std::sync::Arc;

use clap::{ArgMatches, Args, Command, CommandFactory, Error, FromArgMatches, Parser};

use crate::engine::Engine;
use crate::query::Remote;

/// What builds partitions and answers queries, where it is not this machine.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    /// What builds partitions.
    pub engine: Option<Arc<dyn Engine>>,
    /// What runs the plans of queries.
    pub remote: Option<Arc<dyn Remote>>,
}

/// No options.
#[derive(Debug, Args)]
pub(super) struct NoOptions {}

/// A command line with options that are not its own.
pub(super) struct Extended<C, O> {
    pub(super) cli: C,
    pub(super) own: O,
}

impl<C: CommandFactory, O: Args> CommandFactory for Extended<C, O> {
    fn command() -> Command {
        O::augment_args(C::command())
    }

    fn command_for_update() -> Command {
        O::augment_args_for_update(C::command_for_update())
    }
}

impl<C: FromArgMatches, O: Args> FromArgMatches for Extended<C, O> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self { cli: C::from_arg_matches(matches)?, own: O::from_arg_matches(matches)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.cli.update_from_arg_matches(matches)?;
        self.own.update_from_arg_matches(matches)
    }
}

impl<C: Parser, O: Args> Parser for Extended<C, O> {}

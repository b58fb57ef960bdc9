//! Lets another program add a cluster, with options of its own, to pitlake's command line. What a cluster is is not
//! known here.

use std::sync::Arc;

use clap::{ArgMatches, Args, Command, CommandFactory, Error, FromArgMatches, Parser};

use crate::engine::Engine;
use crate::query::Remote;

/// What builds partitions and answers queries, if not this machine.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    /// Builds partitions.
    pub engine: Option<Arc<dyn Engine>>,
    /// Runs the plans of queries.
    pub remote: Option<Arc<dyn Remote>>,
}

/// No options.
#[derive(Debug, Args)]
pub(super) struct NoOptions {}

/// A command line extended with options of another program.
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

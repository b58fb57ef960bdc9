//! Saves and restores the terminal modes: a prompt changes them, and a signal may end the process meanwhile.

/// Restores the terminal modes when dropped.
#[cfg(unix)]
pub(super) struct Restored(Option<rustix::termios::Termios>);

#[cfg(unix)]
impl Restored {
    pub(super) fn on_drop() -> Self {
        Self(rustix::termios::tcgetattr(std::io::stdin()).ok())
    }
}

#[cfg(unix)]
impl Drop for Restored {
    fn drop(&mut self) {
        if let Some(modes) = &self.0 {
            // The terminal may be gone.
            let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, modes);
        }
    }
}

/// Nothing to restore on other systems.
#[cfg(not(unix))]
pub(super) struct Restored;

#[cfg(not(unix))]
impl Restored {
    pub(super) fn on_drop() -> Self {
        Self
    }
}

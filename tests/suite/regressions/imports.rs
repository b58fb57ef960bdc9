//! Files that people import: their formats, and what an import says about them.

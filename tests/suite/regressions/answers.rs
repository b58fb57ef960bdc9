//! What vendors answer: rows that are lacking, foreign, repeated or unreadable, and columns that do not come.

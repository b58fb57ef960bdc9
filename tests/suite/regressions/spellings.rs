//! How people and vendors write days, codes, flags, numbers and missing values.

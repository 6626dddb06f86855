//! Importing contacts (contract D-180 … D-192, X-149 … X-152).

pub mod field;

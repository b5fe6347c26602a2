//! The matcher through its public interface, beside oracles that know nothing of how it works.

mod baseline;
mod few;
mod greedy;
mod instance;
mod oracle;
mod packs;
mod policies;
mod properties;
mod random;

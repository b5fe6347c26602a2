# What one types all day. `just` (casey/just) lists it.

_:
    @just --list

# The example, on virtual time, to its report.
example:
    cargo run -- run examples/it-coalition

# Everything compiles.
check:
    cargo check --workspace --all-targets

# Format and lints, as in the gate.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Tests on SQLite with the embedded broker, such as `just test api::walk`.
test *filter:
    cargo test -p waybill --locked --test cli -- {{filter}}

# Tests of everything but the program: seconds.
quick:
    cargo test -p waybill-domain -p waybill-matching -p waybill-shared -p waybill-workers -p waybill-scheduler

# The same on another pair: `just on postgres every_pair::import`.
on pair *filter:
    WAYBILL_TEST_PAIR={{pair}} cargo test -p waybill --locked --test cli -- {{filter}}

# Snapshots of what people read, taken anew.
snapshots *filter:
    INSTA_UPDATE=always cargo test -p waybill --test cli -- {{filter}}

# The gate.
gate:
    .ci/run

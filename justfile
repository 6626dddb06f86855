# List the recipes.
default:
    @just --list --unsorted

# Start the server on 127.0.0.1:5000, with SQLite in ./data.
run *ARGS:
    cargo run --release -- {{ ARGS }}

# Start the server with a demo tenant.
demo:
    cargo run --release -- serve --demo

# Run every test, on SQLite and on a throwaway PostgreSQL.
test *ARGS:
    ./scripts/test {{ ARGS }}

# Formatting, lints, dependencies, documentation.
check:
    cargo fmt --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    cargo deny check bans licenses sources
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Measure the running server; `just bench --markdown docs/performance.md` keeps the table.
bench *ARGS: build-bench
    "${CARGO_TARGET_DIR:-target}/release/crm-bench" bench {{ ARGS }}

# Measure what family C promises at a million records; `--markdown docs/performance.md` keeps the table.
bench-saas *ARGS: build-bench
    "${CARGO_TARGET_DIR:-target}/release/crm-bench" saas {{ ARGS }}

# Measure what family D promises at a million contacts; `--markdown docs/performance.md` keeps the table.
bench-contacts *ARGS: build-bench
    "${CARGO_TARGET_DIR:-target}/release/crm-bench" contacts {{ ARGS }}

# Measure how fast webhooks are delivered; `--markdown docs/performance.md` keeps the table.
bench-webhooks *ARGS: build-bench
    "${CARGO_TARGET_DIR:-target}/release/crm-bench" webhooks {{ ARGS }}

# Hurt the running server and see what it keeps.
chaos *ARGS: build-bench
    "${CARGO_TARGET_DIR:-target}/release/crm-bench" chaos {{ ARGS }}

# Kill the server while a failing receiver is told of events, and see what is lost.
chaos-webhooks *ARGS: build-bench
    "${CARGO_TARGET_DIR:-target}/release/crm-bench" chaos-webhooks {{ ARGS }}

[private]
build-bench:
    cargo build --release --locked -p crm-server -p crm-bench

# Regenerate docs/openapi.json.
openapi:
    cargo run -- openapi > docs/openapi.json.new
    mv docs/openapi.json.new docs/openapi.json

#!/usr/bin/env bash
# Gradescope runs this once, as root, while it builds the image: compiler, grader, kernel.
set -euo pipefail
cd "$(dirname "$0")"
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends build-essential ca-certificates curl
export CARGO_HOME="$PWD/cargo" RUSTUP_HOME="$PWD/rustup"
rustup="https://static.rust-lang.org/rustup/dist/$(uname -m)-unknown-linux-gnu/rustup-init"
get() { curl --proto '=https' --tlsv1.2 --retry 5 -sSf "$@"; }
get "$rustup" -o rustup-init
echo "$(get "$rustup.sha256" | cut -c 1-64)  rustup-init" | sha256sum --check --quiet
chmod +x rustup-init
./rustup-init -y --no-modify-path --profile minimal --component rust-docs
rm rustup-init
export PATH="$CARGO_HOME/bin:$PATH"
cd grader
cargo build --release --locked
# Grading the blank builds and prepares the kernel, so that no student waits for it. Without a sandbox here there may be one
# when submissions run; then the first step of each is slower.
target/release/grader doctor || true
target/release/grader grade ../course/assignment --course ../course --out "$(mktemp -d)" --quiet@OPTIONS@ || true

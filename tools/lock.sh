#!/usr/bin/env bash
# Lock every dependency with its hashes, for CPython 3.11 and newer on linux x86_64. Names no index: pip's own
# configuration says where packages come from. `tools/lock.sh --upgrade` takes the newest versions.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PIP_FIND_LINKS PIP_EXTRA_INDEX_URL

lock() { # lock NAME INPUT...
  local name=$1 out=requirements/$1.txt
  shift
  .venv/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
    --output-file "$out" ${UPGRADE:+--upgrade} "$@"
  sed -i "1i # The $name lock: made by make lock, never by hand." "$out"
}

UPGRADE=
[ "${1:-}" = --upgrade ] && UPGRADE=yes
lock runtime pyproject.toml
lock build requirements/build.in
lock dev pyproject.toml requirements/dev.in
lock go requirements/go.in

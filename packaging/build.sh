#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds a preset of CMakePresets.json (default: release); the programs are then in build/<preset>/bin. Further arguments are
# targets; without any, everything is built.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
[ $# -gt 0 ] && shift
targets=()
[ $# -gt 0 ] && targets=(--target "$@")

# Lets clones in different places share what the compiler cache holds.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

cmake --preset "$preset" --log-level=WARNING
cmake --build --preset "$preset" "${targets[@]}"

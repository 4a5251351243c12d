#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing, builds, and runs every test: first as it is delivered, then under AddressSanitizer and
# UndefinedBehaviorSanitizer with a shorter kill schedule. Stops at the first of the two that fails, so that the last lines
# are those of the tests that decided.
set -euo pipefail
cd "$(dirname "$0")/.."

packaging/setup.sh
for preset in release sanitize; do
  packaging/build.sh "$preset"
  echo "== tests of the $preset build"
  ctest --preset "$preset" --parallel 2
done

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The main job on real parts: three local authorities' national XML files, a fleet server, two vehicles, a link that is cut,
# an attendance that reaches the authority when it is back. Everything lives in a temporary directory and ends with the script.
# Fails when any step does not end as it should.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077

packaging/setup.sh
packaging/build.sh release cpis-edged cpis-fleetd cpisctl e2e_relay
bin=$PWD/build/release/bin
samples=$PWD/tests/data/demo

work=$(mktemp -d)
declare -A running=()   # name → process id, of what this script started

stop() {
  local pid=${running[$1]-}
  [ -n "$pid" ] || return 0
  unset "running[$1]"
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}
clean_up() {
  local status=$?
  trap - EXIT
  for name in "${!running[@]}"; do stop "$name"; done
  [ "$status" -eq 0 ] || { echo "The demonstration failed. Last lines of the logs:"; tail -n 8 "$work"/*.log || true; } >&2
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# start NAME PROGRAM ARGUMENT…: runs it in the background and waits for the line that says it serves.
start() {
  local name=$1
  shift
  : >"$work/$name.ready"
  "$@" >"$work/$name.ready" 2>>"$work/$name.log" &
  running[$name]=$!
  for _ in $(seq 300); do
    if grep -q '"ready":true' "$work/$name.ready"; then return 0; fi
    kill -0 "${running[$name]}" 2>/dev/null || break
    sleep 0.1
  done
  echo "$name did not start" >&2
  return 1
}
# member KEY: the first value of that key in the JSON on standard input, without quotes.
member() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1; }

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n== %s\n' "$*"; }
indent() { sed 's/^/    /'; }

# expect EXIT-CODE TEXT COMMAND…: shows the command's output; fails unless it ends with the code and says the text.
expect() {
  local code=$1 text=$2 status=0 output
  shift 2
  output=$("$@" 2>&1) || status=$?
  printf '%s\n' "$output" | indent
  if [ "$status" -ne "$code" ] || [[ $output != *"$text"* ]]; then
    echo "  expected exit $code and \"$text\", got exit $status: $*" >&2
    return 1
  fi
}
# eventually TEXT COMMAND…: repeats it for at most ten seconds until its output says the text, without showing it.
eventually() {
  local text=$1
  shift
  for _ in $(seq 100); do
    if [[ $("$@" 2>&1) == *"$text"* ]]; then return 0; fi
    sleep 0.1
  done
  echo "  \"$text\" did not come within ten seconds: $*" >&2
  return 1
}
fleet() { "$bin/cpisctl" fleet "$@" --state "$work/fleet"; }
a101() { CPIS_SESSION=${session_a101-} "$bin/cpisctl" node "$@" --state "$work/a101"; }
a202() { CPIS_SESSION=${session_a202-} "$bin/cpisctl" node "$@" --state "$work/a202"; }

say "1. A fleet server for North West Ambulance Service, and a radio link that this script can cut"
fleet init --trust RX7 --name "North West Ambulance Service" --key-store plain | indent
start radio "$bin/e2e_relay" 0 "$work/server-port"
radio=$(member listen <"$work/radio.ready")
start fleet "$bin/cpis-fleetd" --state "$work/fleet" --listen 127.0.0.1:0 --enrol-listen 127.0.0.1:0 --http 127.0.0.1:0 \
  --advertise "$radio"
server=$(member listen <"$work/fleet.ready")
enrolment=$(member enrol_listen <"$work/fleet.ready")
echo "${server##*:}" >"$work/server-port"
echo "    serving on $server; vehicles reach it through $radio"

say "2. Three local authorities send their files (all plan types)"
for file in lancashire halton warrington; do expect 0 "" fleet import "$samples/$file.xml"; done
say "   A file with one wrong NHS number: the others are loaded, the authority is told which (exit 5)"
expect 5 "CPR04" fleet import "$samples/lancashire-one-wrong-number.xml"
expect 0 "E10000017" fleet authorities

say "3. Staff: Sam Crew, a paramedic whose looks notify the authority"
printf '493817\n' | fleet staff add --id 555021935107 --name "Ms Sam Crew" --role R1070 --pin-stdin | indent

say "4. Two vehicles enrol, each with a code that works once, and fetch their region: Lancashire and Halton, not Warrington"
for vehicle in a101 a202; do
  start "$vehicle" "$bin/cpis-edged" --state "$work/$vehicle" --http 127.0.0.1:0 --key-store plain
  code=$(fleet node add "${vehicle^^}" --region E10000017,E06000006 --json | member code)
  expect 0 "" "$vehicle" enrol --server "$enrolment" --code "$code"
  "$vehicle" sync --wait >/dev/null
done
expect 0 "A202" fleet node list
session_a101=$(printf '493817\n' | a101 sign-in --staff 555021935107 --pin-stdin --json | member token)
[ -n "$session_a101" ] && echo "    Sam is signed in at A101"

say "5. The link of both vehicles is cut"
stop radio
eventually OFFLINE a101 status --json
echo "    A101 says: link $(a101 status --json | member state)"

say "6. A child with a current plan: answered with no link, and the authority will be told"
expect 0 "FLAGGED: child protection" a101 lookup 9990000018 --incident INC-1001
say "   A plan that ended: shown as ended"
expect 0 "ENDED" a101 lookup 9990000042 --silent
say "   An expectant mother: the plan is for her unborn child"
expect 0 "unborn" a101 lookup 9990000050 --silent
say "   A child of Warrington, whose rows this vehicle does not hold: the England index knows that there may be something (exit 3)"
expect 3 "POSSIBLY FLAGGED ELSEWHERE" a101 lookup 9990000115 --silent
say "   A number in no row and not in the England index"
expect 0 "NOT FLAGGED" a101 lookup 9990000174 --incident INC-1002
say "   A number that is none: quoted, with what would be right (exit 2)"
expect 2 "9990000019" a101 lookup 9990000019

say "7. The crew attends a second child, 25 minutes ago; both attendances wait, sealed, in the vehicle"
at=$(date -u -d '25 minutes ago' +%Y-%m-%dT%H:%M:00Z)
attended=$(a101 attend 9990000026 --incident INC-1001 --at "$at" --json)
id=$(member id <<<"$attended")
echo "    $attended"
expect 0 "WAITING" a101 outbox list
[ "$(a101 status --json | member attendances_waiting)" = 2 ] || { echo "  two attendances should wait" >&2; exit 1; }
say "   Meanwhile Lancashire says that the child of INC-1002 has been on a plan since yesterday"
expect 0 "" fleet import "$samples/lancashire-next-day.xml"

say "8. The link is back: the vehicle forwards by itself and keeps the receipt"
start radio "$bin/e2e_relay" "${radio##*:}" "$work/server-port"
a101 sync --wait >/dev/null
expect 0 "FORWARDED" a101 outbox show "$id"

say "   The child of Warrington, asked again: what the vehicle knows first, then the fleet server's answer"
expect 0 "The fleet server says now" a101 lookup 9990000115 --silent
say "   And a late alert: what nobody could know when the crew of INC-1002 looked"
eventually "9990000174" a101 alerts --json
expect 0 "INC-1002" a101 alerts

say "9. At the fleet server: what arrived, when it happened, whom it notified"
expect 0 "INC-1001" fleet attendances
say "   The notification to the authority (REPC_MT000004GB01), with the true time of the attendance"
national=$(TZ=GMT0BST,M3.5.0/1,M10.5.0 date -d "$at" +%Y%m%d%H%M00)
notification=$(grep -l '<CP-ISAccessToServiceNotification' "$work"/fleet/mailbox/out/* | xargs grep -l "$national" | head -n 1) || true
[ -n "$notification" ] || { echo "  no notification with the time $national" >&2; exit 1; }
echo "    ${notification##*/}"
indent <"$notification"

say "10. The second vehicle sees who looked, in the child's history"
a202 sync --wait >/dev/null
session_a202=$(printf '493817\n' | a202 sign-in --staff 555021935107 --pin-stdin --json | member token)
eventually "Ms Sam Crew" a202 lookup 9990000018 --silent
expect 0 "Ms Sam Crew" a202 lookup 9990000018 --silent
expect 0 "" a202 verify

say "11. A202 is stolen: operations revoke it, and on contact it erases its keys and rows, and signs that it has"
expect 0 "" fleet node revoke A202
eventually '"enrolled":false' a202 status --json
expect 3 "NOT_ENROLLED" a202 lookup 9990000018
eventually KEYS_AND_ROWS fleet node list --json
echo "    $(fleet node list --json | grep -o '"erasure_proof":{[^}]*}')"
say "   For all others a new epoch has begun: what is sealed from now on, A202 could not open had it kept everything"
a101 sync --wait >/dev/null
expect 0 "FLAGGED: child protection" a101 lookup 9990000018 --silent

say "12. Who looked up that child? An auditor asks; the asking is on record too"
expect 0 "555021935107" fleet audit 9990000018
expect 0 "" fleet audit verify
expect 0 "fleet.node.revoke" fleet acts
expect 0 "" fleet acts verify

say "Done. Everything is stopped and removed."

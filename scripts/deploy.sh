#!/bin/sh
# T3nets: build, push and roll out the router. Environment (default dev) as first argument, further flags after it.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
environment=${1:-dev}
[ $# -gt 0 ] && shift
"$root/sluice" images push t3nets "$environment" "$@"
exec "$root/sluice" deploy t3nets "$environment" "$@"

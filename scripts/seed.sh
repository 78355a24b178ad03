#!/bin/sh
# T3nets: default tenant, administrator and secrets. Environment (default dev) as first argument, further flags after it.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
environment=${1:-dev}
[ $# -gt 0 ] && shift
exec "$root/sluice" seed t3nets "$environment" "$@"

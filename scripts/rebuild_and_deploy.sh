#!/bin/sh
# Story-42: rebuilds the images of the three functions, pushes what changed and puts it to work; for updates after the first
# full deployment. Waits until the new code serves, and fails when it does not.
usage() {
  cat >&2 <<'TEXT'
usage: scripts/rebuild_and_deploy.sh [environment] [options]
  environment        dev (the default), staging or prod
  --agent            the agent as well, with a new deployment of its service even when its image is the same
  --release <label>  a label that is built in and shown in every answer's version
  --base <image>     base image, whatever the Dockerfiles say
  --target <target>  local (the default) or aws
  --yes              do not ask before changing things on AWS
TEXT
  exit 64
}

set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
environment=dev
services='story-text-regen story-image-regen data-ops'
build='' deploy='' common=''

case "${1:-}" in
'' | -*) ;;
*) environment=$1 && shift ;;
esac
# A value is one word: it goes to the commands below unquoted.
word() {
  case "${2:-}" in
  '' | -* | *[!A-Za-z0-9._:/@+=-]*) echo "error $1 needs a value without spaces, not \"${2:-}\"" >&2 && usage ;;
  esac
}
while [ $# -gt 0 ]; do
  case $1 in
  --agent) services="$services story-generator" deploy=--restart ;;
  --release) word "$1" "${2:-}" && build="$build --build-arg RELEASE=$2" && shift ;;
  --base) word "$1" "${2:-}" && build="$build --base $2" && shift ;;
  --target) word "$1" "${2:-}" && common="$common --target $2" && shift ;;
  --yes | -y) common="$common --yes" ;;
  *) echo "error unknown option \"$1\"" >&2 && usage ;;
  esac
  shift
done

# shellcheck disable=SC2086
"$root/sluice" images push story-42 "$environment" --service $services $build $common
# Open by hand, so that an image that was never pushed is refused by its name.
# shellcheck disable=SC2086
exec "$root/sluice" deploy story-42 "$environment" --images-ready true $deploy $common

#!/usr/bin/env bash
exec "$(dirname -- "$0")/../../../sluice" images push story-42 "${1:-dev}" --service story-text-regen

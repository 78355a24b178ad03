"""Everything an account holds in all regions, read from the emulator's own stores: one line `service/store/key` per thing, with
`@region` where it is not the account's first. What AWS keeps as a mere memory (stopped tasks, retired task definitions, keys
waiting for deletion) does not count, nor does the network that every region has from the start."""

import os
import re

# Stores that hold no things of their own: tags, settings, indexes, logs of what happened.
NOT_THINGS = re.compile(r"(^|_)tags?(_|$)|setting|latest|counter|_counts$|token|cache|history|event_log|metric_data|^metrics$|attrs?$|limits?$"
                        r"|^default|session|^layer_blobs$|^manifest_blobs$|image_scan|^log_records$|^bucket_acl$", re.IGNORECASE)
FIRST_REGION = os.environ.get("MINISTACK_REGION", "us-east-1")
# The default network of a region, which the emulator makes when the region is first asked for.
DEFAULT_NETWORK = re.compile(r"^[a-z]+-0000000\d$")
SKIPPED_SERVICES = {"cloudtrail", "imds", "ecs_metadata", "tagging"}


def is_memory(service, store, value):
    if not isinstance(value, dict):
        return False
    if service == "ecs":
        return value.get("status") == "INACTIVE" or value.get("lastStatus") == "STOPPED"
    if service == "ec2":
        state = value.get("State") or value.get("state")
        return (state.get("Name") if isinstance(state, dict) else state) in ("deleted", "terminated")
    if service == "kms":
        return value.get("KeyState") == "PendingDeletion"
    return False


def collect(services):
    found = set()
    for service, get_state in services.items():
        if service in SKIPPED_SERVICES:
            continue
        try:
            state = get_state() or {}
        except Exception:
            continue
        for store, content in state.items():
            if NOT_THINGS.search(store):
                continue
            items = getattr(content, "_data", None)
            if items is None:
                continue
            for key, value in list(items.items()):
                # Parents keep an empty collection of children; only what is in it is a thing.
                if value is None or value == {} or value == [] or is_memory(service, store, value):
                    continue
                name = key[-1] if isinstance(key[-1], str) else "/".join(map(str, key[-1]))
                region = key[1] if len(key) == 3 and key[1] != FIRST_REGION else ""
                if region and service == "ec2" and DEFAULT_NETWORK.match(name):
                    continue
                found.add(f"{service}/{store}/{name}{'@' + region if region else ''}")
    return sorted(found)

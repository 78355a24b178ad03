"""Follows the output of containers into log groups, as the awslogs driver and Lambda do on AWS. MiniStack's own forwarder for
tasks cuts long lines apart, gives up when the engine's stream breaks, and is not there for functions in containers."""

import threading
import time

from ministack.core.responses import request_scope
from ministack.services import cloudwatch_logs, ecs

# Kept of each stream; the oldest go first. AWS keeps all, but here every line is in memory.
MOST_EVENTS = 20_000


class Lines:
    """Whole lines out of pieces that begin and end anywhere."""

    def __init__(self):
        self.rest = b""

    def take(self, chunk):
        *whole, self.rest = (self.rest + chunk).split(b"\n")
        return [text for text in map(decode, whole) if text]

    def end(self):
        text, self.rest = decode(self.rest), b""
        return [text] if text else []


def decode(line):
    return line.decode("utf-8", errors="replace").rstrip("\r")


def write(group, stream, lines, create_group):
    """Into the group of the current account and region; false when there is none."""
    if not lines:
        return True
    if group not in cloudwatch_logs._log_groups:
        if not create_group:
            return False
        cloudwatch_logs._create_log_group({"logGroupName": group})
    streams = cloudwatch_logs._log_groups[group]["streams"]
    if stream not in streams:
        cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines]
    cloudwatch_logs._put_log_events({"logGroupName": group, "logStreamName": stream, "logEvents": events})
    trim(streams.get(stream))
    return True


def trim(stream):
    if stream is None or len(stream["events"]) <= MOST_EVENTS:
        return
    with cloudwatch_logs._log_events_lock:
        gone = stream["events"][: MOST_EVENTS // 4]
        stream["events"] = stream["events"][MOST_EVENTS // 4:]
    for event in gone:
        cloudwatch_logs._log_records.pop(event.get("eventId"), None)


def follow(container, account, region, take):
    """Gives the container's lines to `take` until it ended, in its account and region. A stream that breaks is taken up again
    where it was left."""
    lines = Lines()
    since = None
    with request_scope(account, region):
        while True:
            try:
                chunks = container.logs(stream=True, follow=True, stdout=True, stderr=True,
                                        **({"since": since} if since else {}))
                for chunk in chunks:
                    whole = lines.take(chunk)
                    if whole:
                        take(whole)
                    since = time.time()
            except Exception as error:
                ecs.logger.debug("sluice: the log of %s broke off: %s", container.id[:12], error)
            if not running(container):
                break
            time.sleep(0.5)
        rest = lines.end()
        if rest:
            take(rest)


def running(container):
    try:
        container.reload()
        return container.status == "running"
    except Exception:
        return False


def forward_task(container, config, account, region):
    """In the place of MiniStack's forwarder for ECS."""
    with request_scope(account, region):
        if not ecs._ensure_awslogs_stream(config):
            return
    follow(container, account, region, lambda lines: write(config["group"], config["stream"], lines, False))


def in_background(name, *args):
    thread = threading.Thread(target=follow, args=args, daemon=True, name=name)
    thread.start()
    return thread


def apply():
    ecs._forward_awslogs = forward_task

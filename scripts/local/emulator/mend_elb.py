"""Load balancers that know their targets' health. MiniStack calls every target healthy and picks one at random; here each
target is probed as its target group says, traffic goes to those that answer, and a target is drained before it is stopped.

Probes run at most SLUICE_HEALTH_INTERVAL_SECONDS apart, whatever the (longer) interval of the target group: a rehearsal
should not wait as long as AWS does. A new target is healthy after its first good answer, as on AWS."""

import asyncio
import http.client
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from ministack.core.responses import StreamingResponse, request_scope
from ministack.services import alb

INTERVAL = float(os.environ.get("SLUICE_HEALTH_INTERVAL_SECONDS", "5"))
REPEATABLE = ("GET", "HEAD", "OPTIONS")


class Target:
    def __init__(self):
        self.state, self.reason, self.text = "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
        self.good = self.bad = 0
        self.due = 0.0
        self.probing = False
        self.since = time.monotonic()


targets = {}  # (target group ARN, id, port) -> Target
draining = {}  # (target group ARN, id, port) -> when it stops being listed
busy = {}  # id -> requests on their way
busy_lock = threading.Lock()
pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="sluice-probe")


def key_of(group, target):
    return group["TargetGroupArn"], str(target["Id"]), int(target.get("Port") or group.get("Port") or 80)


def probed(group):
    return group.get("TargetType", "instance") in ("instance", "ip") and group.get("HealthCheckEnabled", True)


def matches(codes, status):
    for part in str(codes or "200").split(","):
        low, _, high = part.strip().partition("-")
        if low.isdigit() and int(low) <= status <= int(high or low):
            return True
    return False


def probe(group, key):
    """One health check: None when good, otherwise (reason, text)."""
    port = group.get("HealthCheckPort", "traffic-port")
    port = key[2] if port in ("traffic-port", "", None) else int(port)
    timeout = min(float(group.get("HealthCheckTimeoutSeconds") or 5), 5.0)
    connection = http.client.HTTPConnection(key[1], port, timeout=timeout)
    try:
        if group.get("HealthCheckProtocol", "HTTP") in ("TCP", "TLS", "UDP", "TCP_UDP"):
            connection.connect()
            return None
        connection.request("GET", group.get("HealthCheckPath") or "/",
                           headers={"User-Agent": "ELB-HealthChecker/2.0", "Connection": "close"})
        status = connection.getresponse().status
        if matches((group.get("Matcher") or {}).get("HttpCode"), status):
            return None
        return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]"
    except TimeoutError:
        return "Target.Timeout", "Request timed out"
    except (OSError, http.client.HTTPException):
        return "Target.FailedHealthChecks", "Health checks failed"
    finally:
        connection.close()


def check(group, key, target):
    failure = probe(group, key)
    new = target.state == "initial"
    if failure is None:
        target.good, target.bad = target.good + 1, 0
        if new or target.good >= min(int(group.get("HealthyThresholdCount") or 2), 2):
            target.state, target.reason, target.text = "healthy", None, None
    else:
        target.good, target.bad = 0, target.bad + 1
        if target.state != "unhealthy" and target.bad >= int(group.get("UnhealthyThresholdCount") or 2):
            target.state = "unhealthy"
        if target.state == "unhealthy":
            target.reason, target.text = failure
    interval = min(float(group.get("HealthCheckIntervalSeconds") or 30), INTERVAL)
    # A target that starts is asked often, so that a deployment goes on as soon as it answers.
    target.due = time.monotonic() + (min(interval, 0.5) if target.state == "initial" and
                                     time.monotonic() - target.since < 20 else interval)
    if target.state == "initial" and target.bad:
        # The unhealthy threshold counts intervals, not the quick first questions.
        target.bad = min(target.bad, int((time.monotonic() - target.since) / interval))
    target.probing = False


def all_targets():
    for (account, group_arn), registered in list(alb._targets._data.items()):
        region = group_arn.split(":")[3]
        group = alb._tgs.get_scoped(account, region, group_arn)
        for target in list(registered or ()):
            if group:
                yield group, key_of(group, target)


def tick():
    """Called several times a second: forgets targets that are gone and probes those that are due."""
    now, seen = time.monotonic(), set()
    for group, key in all_targets():
        seen.add(key)
        target = targets.get(key)
        if target is None:
            target = targets[key] = Target()
            draining.pop(key, None)
            if not probed(group):
                target.state, target.reason, target.text = "healthy", None, None
        if probed(group) and not target.probing and now >= target.due:
            target.probing = True
            pool.submit(check, group, key, target)
    for key in [k for k in targets if k not in seen]:
        if targets.pop(key).state != "initial":
            draining[key] = now + 30
    for key in [k for k, until in list(draining.items()) if until < now or not (busy.get(k[1]) or until - now > 25)]:
        draining.pop(key, None)


def state_of(group_arn, target_id, port):
    target = targets.get((group_arn, str(target_id), int(port)))
    return target.state if target else "initial"


def wait_until_idle(target_id, seconds):
    """Lets the requests that a target is answering end before it is told to stop."""
    end = time.monotonic() + seconds
    while busy.get(target_id) and time.monotonic() < end:
        time.sleep(0.05)


def deregistration_delay(group_arn):
    for attribute in alb._tg_attrs.get(group_arn, []):
        if attribute.get("Key") == "deregistration_delay.timeout_seconds":
            return float(attribute.get("Value") or 0)
    return 300.0


def candidates(group, registered):
    """Healthy targets; all unhealthy ones when none is healthy (a load balancer fails open); never one that only starts."""
    states = [(t, state_of(*key_of(group, t))) for t in registered]
    chosen = [t for t, state in states if state == "healthy"] or [t for t, state in states if state == "unhealthy"]
    random.shuffle(chosen)
    return chosen


def unavailable(status, text):
    return status, {"Content-Type": "text/html"}, (
        f"<html>\r\n<head><title>{status} {text}</title></head>\r\n<body>\r\n<center><h1>{status} {text}</h1></center>\r\n"
        "</body>\r\n</html>\r\n").encode()


def count(target_id, by):
    with busy_lock:
        left = busy.get(target_id, 0) + by
        if left > 0:
            busy[target_id] = left
        else:
            busy.pop(target_id, None)


def apply():
    forward, proxy, empty = alb._forward_to_tg, alb._proxy_http_target, alb._error

    async def counted(target, *args):
        target_id = str(target.get("Id", ""))
        count(target_id, 1)
        handed_over = False
        try:
            status, headers, body = await proxy(target, *args)
            if isinstance(body, StreamingResponse):
                runner = body.runner

                async def run(send, receive):
                    try:
                        await runner(send, receive)
                    finally:
                        count(target_id, -1)

                handed_over = True
                return status, headers, StreamingResponse(run)
            return status, headers, body
        finally:
            if not handed_over:
                count(target_id, -1)

    async def forward_to_group(tg_arn, method, path, headers, body, query_params, raw_query_string=None, raw_path=None):
        group = alb._tgs.get(tg_arn)
        if not group or group.get("TargetType", "instance") not in ("instance", "ip"):
            return await forward(tg_arn, method, path, headers, body, query_params, raw_query_string, raw_path)
        end = time.monotonic() + 2
        tried = set()
        while True:
            chosen = [t for t in candidates(group, alb._targets.get(tg_arn, [])) if t["Id"] not in tried]
            if not chosen:
                if tried and time.monotonic() < end and method.upper() in REPEATABLE:
                    # The one target refused: it is being replaced; its successor is about to be registered.
                    await asyncio.sleep(0.1)
                    tried.clear()
                    continue
                return unavailable(502, "Bad Gateway") if tried else unavailable(503, "Service Temporarily Unavailable")
            target = chosen[0]
            answer = await counted(target, group, method, raw_path or path, headers, body, query_params, raw_query_string)
            failed = answer[0] == 502 and isinstance(answer[2], bytes) and b"connect error" in answer[2]
            if not failed:
                return answer
            refused = b"refused" in answer[2] or b"No route" in answer[2] or b"unreachable" in answer[2]
            if not refused and method.upper() not in REPEATABLE:
                return unavailable(502, "Bad Gateway")
            tried.add(target["Id"])

    def describe_target_health(params):
        tg_arn = alb._p(params, "TargetGroupArn")
        group = alb._tgs.get(tg_arn)
        if not group:
            return empty("TargetGroupNotFound", f"Target group '{tg_arn}' not found.")
        asked = {t["Id"] for t in alb._parse_targets_param(params)}
        rows = []
        keys = [key_of(group, t) for t in alb._targets.get(tg_arn, [])]
        keys += [k for k in draining if k[0] == tg_arn and k not in keys]
        for key in keys:
            if asked and key[1] not in asked:
                continue
            target = targets.get(key)
            if key in draining:
                state, reason, text = "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"
            elif target:
                state, reason, text = target.state, target.reason, target.text
            else:
                state, reason, text = "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
            why = f"<Reason>{reason}</Reason><Description>{text}</Description>" if reason else ""
            port = group.get("HealthCheckPort", "traffic-port")
            rows.append(f"<member><Target><Id>{key[1]}</Id><Port>{key[2]}</Port></Target>"
                        f"<HealthCheckPort>{key[2] if port == 'traffic-port' else port}</HealthCheckPort>"
                        f"<TargetHealth><State>{state}</State>{why}</TargetHealth></member>")
        return alb._xml(200, "DescribeTargetHealth",
                        f"<TargetHealthDescriptions>{''.join(rows)}</TargetHealthDescriptions>")

    # The longest idle timeout that a load balancer may have: an idle stream is not cut before its time.
    alb.TARGET_IDLE_TIMEOUT = 4000.0
    alb._forward_to_tg = forward_to_group
    alb._describe_target_health = describe_target_health
    for table in [v for v in vars(alb).values() if isinstance(v, dict)]:
        if "DescribeTargetHealth" in table:
            table["DescribeTargetHealth"] = describe_target_health

    def loop():
        while True:
            time.sleep(0.25)
            try:
                tick()
            except Exception:
                alb.logger.exception("sluice: target health round failed")

    threading.Thread(target=loop, daemon=True, name="sluice-target-health").start()


__all__ = ["apply", "state_of", "wait_until_idle", "deregistration_delay", "request_scope"]

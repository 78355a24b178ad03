"""Functions that ship as container images, run as AWS runs them. MiniStack keeps warm containers that an update should have
ended, ends running invocations with an update, gives every invocation a log stream of its own and knows no image digests;
here each function has its own containers, an update lets running invocations end on the old ones, and the containers' output
is the function's log."""

import contextvars
import hashlib
import http.client
import json
import platform
import queue
import re
import sys
import threading
import time
import uuid
from datetime import datetime, timezone

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import ecr, lambda_svc

import container_logs

INVOCATIONS = "/2015-03-31/functions/function/invocations"
# Time to start a container and to load the handler, on top of the function's own time.
START_SECONDS = 30.0
INIT_SECONDS = 12.0
ECR_IMAGE = re.compile(r"^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^@:]+)(?:@(sha256:[0-9a-f]{64})|:([\w.-]+))?$")
# What decides how a container is made: a change of any of it needs a new one.
SPAWN_SETTINGS = ("ImageUri", "CodeSha256", "Environment", "MemorySize", "Timeout", "ImageConfigResponse", "Role", "VpcConfig",
                  "EphemeralStorage", "LoggingConfig", "Architectures", "Version")

copies = []  # every container of a function, busy or idle
lock = threading.Lock()
wants_log = contextvars.ContextVar("sluice_wants_log", default=False)
asynchronous = contextvars.ContextVar("sluice_asynchronous", default=False)


class Copy:
    """One container of one function: takes one invocation at a time."""

    def __init__(self, scope, name, fingerprint, config):
        self.scope = scope
        self.name = name
        self.fingerprint = fingerprint
        self.group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
        now = datetime.now(timezone.utc)
        self.stream = f"{now:%Y/%m/%d}/[{config.get('Version', '$LATEST')}]{uuid.uuid4().hex}"
        self.container = None
        self.follower = None
        self.busy = True
        self.retired = False
        self.last_used = time.monotonic()
        self.heard = queue.SimpleQueue()

    def start(self, config):
        environment = {"AWS_LAMBDA_LOG_GROUP_NAME": self.group, "AWS_LAMBDA_LOG_STREAM_NAME": self.stream}
        self.container, _ = lambda_svc._spawn_lambda_container({**config, "_sluice_environment": environment}, None)
        self.follower = container_logs.in_background(
            f"sluice-lambda-{self.name}", self.container, *self.scope, self.take)

    def take(self, lines):
        # Lambda makes the group when it is not there; after the function's end nothing may bring it back.
        container_logs.write(self.group, self.stream, lines, self.name in lambda_svc._functions)
        for line in lines:
            self.heard.put(line)

    def lines_of(self, request_id, patience):
        """What the invocation wrote, once its REPORT line is there."""
        found, end = [], time.monotonic() + patience
        while True:
            try:
                line = self.heard.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return found
            if line.startswith(f"START RequestId: {request_id}"):
                found = []
            found.append(line)
            if line.startswith(f"REPORT RequestId: {request_id}"):
                return found

    def forget_lines(self):
        while not self.heard.empty():
            self.heard.get()

    def address(self):
        networks = self.container.attrs.get("NetworkSettings", {}).get("Networks") or {}
        if sys.platform == "linux":
            for network in networks.values():
                if network.get("IPAddress"):
                    return network["IPAddress"], 8080
        published = self.container.ports.get("8080/tcp") or []
        return ("127.0.0.1", int(published[0]["HostPort"])) if published else None

    def end(self):
        """Off the caller's path: stopping takes a moment."""
        threading.Thread(target=self.remove, daemon=True, name="sluice-lambda-end").start()

    def remove(self):
        if self.container is None:
            return
        try:
            self.container.stop(timeout=1)
        except Exception:
            pass
        if self.follower is not None:
            self.follower.join(timeout=2)
        try:
            self.container.remove(force=True, v=True)
        except Exception:
            pass


def fingerprint_of(config):
    settings = {name: config.get(name) for name in SPAWN_SETTINGS}
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()


def acquire(config):
    """An idle container of the function as it is now, or a new one; with a connection to it."""
    scope = lambda_svc._account_region_from_function_config(config)
    name, fingerprint = config["FunctionName"], fingerprint_of(config)
    while True:
        with lock:
            copy = next((c for c in copies if (c.scope, c.name, c.fingerprint) == (scope, name, fingerprint)
                         and not c.busy and not c.retired), None)
            if copy is None:
                break
            copy.busy = True
        connection = connect(copy, config)
        if connection is not None:
            return copy, connection
        discard(copy)
    copy = Copy(scope, name, fingerprint, config)
    with lock:
        copies.append(copy)
    try:
        copy.start(config)
    except BaseException:
        discard(copy)
        raise
    # The function may have gone while its container was made.
    if copy.retired and name not in lambda_svc._functions:
        discard(copy)
        raise RuntimeError(f"The function {name} was deleted.")
    return copy, connect(copy, config)


def release(copy):
    with lock:
        copy.busy = False
        copy.last_used = time.monotonic()
        retired = copy.retired
    if retired:
        discard(copy)


def discard(copy):
    with lock:
        if copy in copies:
            copies.remove(copy)
    copy.end()


def retire(account, name):
    """After an update idle containers end now, busy ones with their invocation; after a delete all end now."""
    region = get_region()
    deleted = name not in lambda_svc._functions
    with lock:
        found = [c for c in copies if c.scope == (account, region) and c.name == name]
        for copy in found:
            copy.retired = True
        ending = [c for c in found if deleted or not c.busy]
    for copy in ending:
        discard(copy)


def end_all():
    with lock:
        found = copies[:]
        copies.clear()
        for copy in found:
            copy.retired = True
    for copy in found:
        copy.end()


def end_idle():
    while True:
        time.sleep(15)
        before = time.monotonic() - lambda_svc._WARM_CONTAINER_TTL
        with lock:
            idle = [c for c in copies if not c.busy and c.last_used < before]
            for copy in idle:
                copy.retired = True
        for copy in idle:
            discard(copy)


def execute(func, event, request_id):
    config = func.get("config") or func
    if lambda_svc._get_docker_client() is None:
        return failure("Runtime.DockerUnavailable", "Functions that ship as images need a container engine.")
    try:
        copy, connection = acquire(config)
    except Exception as error:
        lambda_svc.logger.error("sluice: no container for %s: %s", config["FunctionName"], error)
        return failure("Runtime.InvalidEntrypoint", str(error))
    try:
        copy.forget_lines()
        result, usable = invoke(connection, config, event, request_id)
        if wants_log.get():
            result["log"] = "\n".join(copy.lines_of(request_id, 2.0))
    except BaseException:
        discard(copy)
        raise
    if usable:
        release(copy)
    else:
        discard(copy)
    return result


def failure(error_type, message):
    body = {"errorType": error_type, "errorMessage": message}
    return {"body": body, "error": True, "function_error": "Unhandled", "log": ""}


def timed_out(request_id, seconds):
    return failure("Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds")


def invoke(connection, config, event, request_id):
    """The invocation's result, and whether the container can take another one."""
    seconds = float(config.get("Timeout") or 3)
    payload = json.dumps(event).encode()
    headers = {"Content-Type": "application/json", "X-Amzn-RequestId": request_id,
               "Lambda-Runtime-Invoked-Function-Arn": config.get("FunctionArn", "")}
    if connection is None:
        return failure("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited without providing a reason"), False
    try:
        connection.request("POST", INVOCATIONS, body=payload, headers=headers)
        response = connection.getresponse()
        text = response.read().decode("utf-8", errors="replace")
    except TimeoutError:
        return timed_out(request_id, seconds), False
    except (OSError, http.client.HTTPException):
        return failure("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited without providing a reason"), False
    finally:
        connection.close()
    return read_answer(response, text, request_id, seconds)


def connect(copy, config):
    """A connection once the container listens; None when it never does."""
    patience = float(config.get("Timeout") or 3) + INIT_SECONDS
    end = time.monotonic() + START_SECONDS
    pause = 0.01
    while time.monotonic() < end:
        address = copy.address()
        if address is not None:
            connection = http.client.HTTPConnection(*address, timeout=1.0)
            try:
                connection.connect()
                connection.sock.settimeout(patience)
                return connection
            except OSError:
                connection.close()
        if not container_logs.running(copy.container):
            return None
        time.sleep(pause)
        pause = min(0.1, pause * 1.5)
    return None


def read_answer(response, text, request_id, seconds):
    try:
        body, raw = json.loads(text), False
    except json.JSONDecodeError:
        body, raw = text, True
    if raw and lambda_svc._RIE_TIMEOUT_TEXT_RE.fullmatch(text.strip()):
        return timed_out(request_id, seconds), False
    error_type = response.headers.get("Lambda-Runtime-Function-Error-Type") or ""
    broken = False
    if response.headers.get("Server") == "sluice-lambda":
        failed = "Unhandled" if error_type else None
        # A sandbox whose runtime was killed or ran out of time may be left in any state; the next call gets a new one.
        broken = error_type in ("Runtime.ExitError", "Sandbox.Timedout")
    else:
        failed = lambda_svc._classify_function_error(body, error_type)
    if failed is None and response.status >= 400:
        return failure(error_type or "Runtime.ExitError", f"RequestId: {request_id} Error: {text[:500]}"), False
    result = {"body": body, "log": ""}
    if raw:
        result["raw_payload"] = True
    if failed is not None:
        result.update(error=True, function_error=failed)
    return result, not broken


def find_image(uri):
    """Digest of an image of this account's registry in this region; '' for an image of elsewhere, None when there is none."""
    match = ECR_IMAGE.match(uri)
    if not match or match[1] != get_account_id():
        return match[4].removeprefix("sha256:") if match and match[4] else ""
    if match[2] != get_region():
        return None
    found = ecr._find_image(match[3], {"imageDigest": match[4], "imageTag": None if match[4] else match[5] or "latest"})
    return found["imageDigest"].removeprefix("sha256:") if found else None


def no_image(uri):
    return error_response_json(
        "InvalidParameterValueException", f"Source image {uri} does not exist. Provide a valid source image.", 400)


def own_platform(config):
    """None where the machine itself has the architecture that the function declares: nothing to pin then."""
    declared = "arm64" if (config.get("Architectures") or ["x86_64"])[0] == "arm64" else "amd64"
    own = "arm64" if platform.machine() in ("arm64", "aarch64") else "amd64"
    return declared == own


def apply():
    originals = {name: getattr(lambda_svc, name) for name in (
        "_execute_function_docker", "_pool_kill_function", "_pool_clear_all", "_emit_lambda_logs", "_runtime_env_vars",
        "_build_config", "_create_function", "_update_code", "_get_function", "_invoke", "invoke_async_with_retry",
        "_acquire_execution_slot", "_declared_docker_platform", "_put_event_invoke_config")}

    def is_image(func):
        return (func.get("config") or func).get("PackageType") == "Image"

    def execute_docker(func, event, request_id):
        run = execute if is_image(func) else originals["_execute_function_docker"]
        return run(func, event, request_id)

    def kill_function(account, name):
        retire(account, name)
        originals["_pool_kill_function"](account, name)

    def clear_all():
        end_all()
        originals["_pool_clear_all"]()

    def emit_logs(func, *args, **named):
        # The containers' own output is the log of these.
        if not is_image(func):
            originals["_emit_lambda_logs"](func, *args, **named)

    def runtime_variables(config):
        return {**originals["_runtime_env_vars"](config), **config.get("_sluice_environment", {})}

    def build_config(name, data, code_zip=None):
        config = originals["_build_config"](name, data, code_zip)
        uri = (data.get("Code") or {}).get("ImageUri")
        if uri:
            config["CodeSha256"] = find_image(uri) or ""
        return config

    def create_function(data):
        uri = (data.get("Code") or {}).get("ImageUri")
        return no_image(uri) if uri and find_image(uri) is None else originals["_create_function"](data)

    def update_code(name, data):
        uri = data.get("ImageUri")
        if not uri or name not in lambda_svc._functions:
            return originals["_update_code"](name, data)
        digest = find_image(uri)
        if digest is None:
            return no_image(uri)
        answer = originals["_update_code"](name, data)
        if answer[0] >= 300:
            return answer
        lambda_svc._functions[name]["config"]["CodeSha256"] = digest
        return json_response({**json.loads(answer[2]), "CodeSha256": digest}, answer[0])

    def get_function(name, qualifier=None):
        answer = originals["_get_function"](name, qualifier)
        if answer[0] >= 300:
            return answer
        value = json.loads(answer[2])
        digest = value["Configuration"].get("CodeSha256")
        uri = value["Code"].get("ImageUri")
        if uri and digest:
            repository = uri.split("@")[0]
            repository = repository if ":" not in repository.rsplit("/", 1)[-1] else repository.rsplit(":", 1)[0]
            value["Code"]["ResolvedImageUri"] = f"{repository}@sha256:{digest}"
        return json_response(value, answer[0])

    def put_event_invoke_config(name, qualifier, data):
        """What was not asked for is not there; MiniStack fills in its default age."""
        answer = originals["_put_event_invoke_config"](name, qualifier, data)
        if answer[0] >= 300 or "MaximumEventAgeInSeconds" in data:
            return answer
        kept = lambda_svc._functions[name]["event_invoke_configs"][qualifier or ""]
        kept.pop("MaximumEventAgeInSeconds", None)
        return json_response(kept, answer[0])

    async def invoke_operation(name, event, headers, *args, **named):
        lowered = {key.lower(): value for key, value in headers.items()}
        wants_log.set(str(lowered.get("x-amz-log-type", "")).lower() == "tail")
        return await originals["_invoke"](name, event, headers, *args, **named)

    def invoke_async(func, event):
        token = asynchronous.set(True)
        try:
            originals["invoke_async_with_retry"](func, event)
        finally:
            asynchronous.reset(token)

    def acquire_slot(func, config):
        """An asynchronous event waits in its queue while the function is at its limit; that is no failed attempt."""
        slot, limit = originals["_acquire_execution_slot"](func, config)
        end = time.monotonic() + 6 * 3600
        while slot is None and asynchronous.get() and time.monotonic() < end:
            time.sleep(0.2)
            slot, limit = originals["_acquire_execution_slot"](func, config)
        return slot, limit

    lambda_svc._execute_function_docker = execute_docker
    lambda_svc._pool_kill_function = kill_function
    lambda_svc._pool_clear_all = clear_all
    lambda_svc._emit_lambda_logs = emit_logs
    lambda_svc._runtime_env_vars = runtime_variables
    lambda_svc._build_config = build_config
    lambda_svc._create_function = create_function
    lambda_svc._update_code = update_code
    lambda_svc._get_function = get_function
    lambda_svc._put_event_invoke_config = put_event_invoke_config
    lambda_svc._invoke = invoke_operation
    lambda_svc.invoke_async_with_retry = invoke_async
    lambda_svc._acquire_execution_slot = acquire_slot
    lambda_svc._declared_docker_platform = lambda config: (
        None if own_platform(config) else originals["_declared_docker_platform"](config))
    threading.Thread(target=end_idle, daemon=True, name="sluice-lambda-idle").start()

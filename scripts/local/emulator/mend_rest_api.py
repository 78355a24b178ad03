"""REST APIs (API Gateway v1) as AWS serves them: a stage answers with what its deployment captured, a Cognito authorizer takes ID
tokens only, integrations end at their time limit, bodies at 10 MB, access logs are written, and an authorizer can be tested."""

import asyncio
import contextvars
import copy
import json
import re
import time

from ministack.core.responses import AccountRegionScopedDict, new_uuid
from ministack.services import apigateway_v1, cloudwatch_logs

BODY_LIMIT = 10 * 1024 * 1024
# What a deployment captures beside the gateway responses, which MiniStack captures itself.
CAPTURED = ("_resources", "_authorizers_v1")
LOG_VARIABLE = re.compile(r"\$context\.([A-Za-z][A-Za-z0-9_.:]*[A-Za-z0-9_])")

deployed = AccountRegionScopedDict()  # API id -> {deployment id -> {store -> content}}
serving = contextvars.ContextVar("sluice_serving", default=None)  # (API id, what its stage's deployment captured)
observed = contextvars.ContextVar("sluice_observed", default=None)  # what the access log of the request wants to know


class Served(AccountRegionScopedDict):
    """A store that shows a request what the stage's deployment captured, and everybody else what is configured now."""

    __slots__ = ("name",)

    def __init__(self, name, data):
        super().__init__()
        self.name, self._data = name, data

    def __deepcopy__(self, memo):
        plain = AccountRegionScopedDict()
        plain._data = copy.deepcopy(self._data, memo)
        return plain

    def get(self, key, default=None):
        captured = serving.get()
        if captured and captured[0] == key and self.name in captured[1]:
            return captured[1][self.name]
        return super().get(key, default)


def capture(api_id, deployment_id):
    content = {name: copy.deepcopy(getattr(apigateway_v1, name).get(api_id, {})) for name in CAPTURED}
    deployed.setdefault(api_id, {})[deployment_id] = content


def log_line(form, api_id, stage_name, method, path, headers, status, body, seen, started):
    claims = (seen.get("authorizer") or {}).get("claims") or {}
    now = time.time()
    values = {
        "requestId": seen.get("requestId", ""), "extendedRequestId": seen.get("requestId", ""),
        "apiId": api_id, "stage": stage_name, "httpMethod": method, "path": f"/{stage_name}{path}",
        "resourcePath": seen.get("resourcePath", ""), "protocol": "HTTP/1.1", "status": str(status),
        "responseLength": str(len(body) if isinstance(body, (bytes, str)) else 0),
        "responseLatency": str(int((now - started) * 1000)), "requestTimeEpoch": str(int(started * 1000)),
        "integrationLatency": str(seen["latency"]) if "latency" in seen else "-",
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(started)),
        "identity.sourceIp": str(headers.get("x-forwarded-for", "127.0.0.1")).split(",")[0].strip(),
        "identity.userAgent": str(headers.get("user-agent", "-")),
    }
    values.update({f"authorizer.claims.{name}": str(value) for name, value in claims.items()})
    return LOG_VARIABLE.sub(lambda found: values.get(found.group(1)) or "-", form)


def write_log(settings, line):
    group = settings.get("destinationArn", "").split(":log-group:")[-1].removesuffix(":*")
    if not group or group not in cloudwatch_logs._log_groups:
        return
    stream = "sluice-" + time.strftime("%Y-%m-%d", time.gmtime())
    if stream not in cloudwatch_logs._log_groups[group]["streams"]:
        cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    cloudwatch_logs._put_log_events({
        "logGroupName": group, "logStreamName": stream,
        "logEvents": [{"timestamp": int(time.time() * 1000), "message": line}],
    })


async def within(limit, call):
    """The integration's answer, or AWS's when it comes too late; the function itself runs on, as on AWS."""
    task = asyncio.ensure_future(call)
    done, _ = await asyncio.wait({task}, timeout=limit)
    if done:
        return task.result()
    task.add_done_callback(lambda late: late.cancelled() or late.exception())
    return apigateway_v1._gw_error("INTEGRATION_TIMEOUT", "Endpoint request timed out")


async def test_authorizer(api_id, authorizer_id, data):
    """TestInvokeAuthorizer for Cognito authorizers: the same check that a request meets."""
    authorizer = apigateway_v1._authorizers_v1.get(api_id, {}).get(authorizer_id)
    if not authorizer:
        return apigateway_v1._v1_error("NotFoundException", "Invalid Authorizer identifier specified", 404)
    if authorizer.get("type") != "COGNITO_USER_POOLS":
        return apigateway_v1._v1_error(
            "BadRequestException", "The local cloud tests Cognito user pool authorizers only", 400)
    started = time.time()
    headers = {name.lower(): value for name, value in (data.get("headers") or {}).items()}
    for name, values in (data.get("multiValueHeaders") or {}).items():
        headers.setdefault(name.lower(), values[-1] if values else "")
    claims, error = await apigateway_v1._validate_cognito_authorizer(authorizer, {}, headers, {}, {})
    answer = {"clientStatus": 0, "latency": int((time.time() - started) * 1000),
              "log": f"Execution log for request {new_uuid()}\nAuthorizer result: {'allowed' if claims else 'refused'}\n"}
    if error is not None:
        answer["clientStatus"] = 500 if error.response_type.startswith("AUTHORIZER") else 401
        answer["log"] += f"{error.message}\n"
    else:
        answer["claims"] = apigateway_v1._stringify_claims(claims)
    return apigateway_v1._v1_response(answer)


def escaped_settings(get_stage):
    """The keys of a stage's method settings as AWS gives them: the slashes of the path escaped, also the first."""
    def got(api_id, stage_name):
        answer = get_stage(api_id, stage_name)
        if answer[0] >= 300:
            return answer
        stage = json.loads(answer[2])
        settings = {}
        for key, value in (stage.get("methodSettings") or {}).items():
            path, _, method = key.rpartition("/")
            settings[f"{path.replace('/', '~1')}/{method}"] = value
        return apigateway_v1._v1_response({**stage, "methodSettings": settings})
    return got


def apply():
    v1 = apigateway_v1
    for name in CAPTURED:
        setattr(v1, name, Served(name, getattr(v1, name)._data))
    create_deployment, delete_deployment, delete_api = v1._create_deployment, v1._delete_deployment, v1._delete_rest_api
    put_gateway_response = v1._put_gateway_response
    put_integration, validate, execute = v1._put_integration, v1._validate_cognito_authorizer, v1._handle_execute_in_scope
    execute_inner, invoke, authorize = v1._execute_in_scope, v1._invoke_lambda_proxy_v1, v1._authorize_request_v1
    handle, get_state, load, reset = v1.handle_request, v1.get_state, v1.load_persisted_state, v1.reset

    def create_captured(api_id, data):
        answer = create_deployment(api_id, data)
        if answer[0] < 300:
            capture(api_id, json.loads(answer[2])["id"])
        return answer

    def delete_captured(api_id, deployment_id):
        stages = v1._stages_v1.get(api_id, {}).values()
        if any(stage.get("deploymentId") == deployment_id for stage in stages):
            return v1._v1_error(
                "BadRequestException",
                "Active stages pointing to this deployment must be moved or deleted", 400)
        deployed.get(api_id, {}).pop(deployment_id, None)
        return delete_deployment(api_id, deployment_id)

    def delete_api_captured(api_id):
        deployed.pop(api_id, None)
        return delete_api(api_id)

    def put_integration_kept(api_id, resource_id, http_method, data):
        answer = put_integration(api_id, resource_id, http_method, data)
        if answer[0] >= 300 or data.get("httpMethod"):
            return answer
        method = v1._resources.get(api_id, {})[resource_id]["resourceMethods"][http_method]
        method["methodIntegration"].pop("httpMethod", None)
        return v1._v1_response(method["methodIntegration"], answer[0])

    def put_gateway_response_kept(api_id, response_type, data):
        answer = put_gateway_response(api_id, response_type, data)
        if answer[0] >= 300 or data.get("responseTemplates"):
            return answer
        # Nobody wrote a template: none is read back, and the default one is rendered.
        kept = v1._gateway_responses.get(api_id, {})[response_type]
        kept["responseTemplates"] = {}
        return v1._v1_response(kept, answer[0])

    def without_empty_log(change):
        def changed(api_id, *args):
            answer = change(api_id, *args)
            for stage in v1._stages_v1.get(api_id, {}).values():
                # AWS leaves the settings out when there are none.
                if not (stage.get("accessLogSettings") or {}).get("destinationArn"):
                    stage.pop("accessLogSettings", None)
            return answer
        return changed

    async def validate_id_token(authorizer, method_obj, headers, query_params, stage):
        claims, error = await validate(authorizer, method_obj, headers, query_params, stage)
        # Without scopes on the method the token is an identity token; an access token is refused.
        if error is None and not method_obj.get("authorizationScopes") and claims.get("token_use") != "id":
            return None, v1._gw_error("UNAUTHORIZED", "Unauthorized")
        return claims, error

    async def authorize_seen(*args):
        error, context = await authorize(*args)
        if observed.get() is not None:
            observed.get()["authorizer"] = context or {}
        return error, context

    async def invoke_in_time(integration, *args, **named):
        started = time.time()
        limit = (integration.get("timeoutInMillis") or 29000) / 1000
        answer = await within(limit, invoke(integration, *args, **named))
        if observed.get() is not None:
            observed.get()["latency"] = int((time.time() - started) * 1000)
        return answer

    async def inner(request, api_id, stage_name, method, path, headers, body, query_params, account, region):
        stage = v1._stages_v1.get(api_id, {}).get(stage_name)
        if stage and len(body or b"") > BODY_LIMIT:
            request["stage"] = stage
            return v1._gw_error("REQUEST_TOO_LARGE", "Request Too Long")
        answer = await execute_inner(
            request, api_id, stage_name, method, path, headers, body, query_params, account, region)
        if observed.get() is not None:
            observed.get().update(requestId=request["request_id"], resourcePath=request["resource_path"])
        return answer

    async def execute_deployed(api_id, stage_name, method, path, headers, body, query_params, account, region):
        stage = v1._stages_v1.get(api_id, {}).get(stage_name) or {}
        captured = deployed.get(api_id, {}).get(stage.get("deploymentId"))
        settings = stage.get("accessLogSettings") or {}
        token = serving.set((api_id, captured) if captured is not None else None)
        seen, started = {}, time.time()
        seen_token = observed.set(seen)
        try:
            status, out, content = await execute(
                api_id, stage_name, method, path, headers, body, query_params, account, region)
        finally:
            observed.reset(seen_token)
            serving.reset(token)
        if settings.get("destinationArn") and settings.get("format"):
            write_log(settings, log_line(
                settings["format"], api_id, stage_name, method, path, headers or {}, status, content, seen, started))
        return status, out, content

    async def handle_request(method, path, headers, body, query_params):
        parts = [part for part in path.strip("/").split("/") if part]
        if method == "POST" and len(parts) == 4 and parts[0] == "restapis" and parts[2] == "authorizers":
            return await test_authorizer(parts[1], parts[3], json.loads(body or b"{}"))
        return await handle(method, path, headers, body, query_params)

    def state():
        return {**get_state(), "sluice_deployed": copy.deepcopy(deployed)}

    def load_state(data):
        deployed.update((data or {}).get("sluice_deployed", {}))
        return load(data)

    def clear():
        deployed.clear()
        reset()

    v1._create_deployment, v1._delete_deployment, v1._delete_rest_api = (
        create_captured, delete_captured, delete_api_captured)
    v1._put_gateway_response = put_gateway_response_kept
    v1._put_integration, v1._validate_cognito_authorizer = put_integration_kept, validate_id_token
    # An answer is written before its change, so it is the stage's next reading that must be right: creations too.
    v1._create_stage, v1._update_stage = without_empty_log(v1._create_stage), without_empty_log(v1._update_stage)
    v1._get_stage = escaped_settings(without_empty_log(v1._get_stage))
    v1._authorize_request_v1, v1._invoke_lambda_proxy_v1 = authorize_seen, invoke_in_time
    v1._execute_in_scope, v1._handle_execute_in_scope = inner, execute_deployed
    v1.handle_request, v1.get_state, v1.load_persisted_state, v1.reset = handle_request, state, load_state, clear

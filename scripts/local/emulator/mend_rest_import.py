"""PutRestApi for REST APIs (API Gateway v1): takes a whole OpenAPI definition in place of what the API holds. MiniStack imports
definitions only for new APIs, and of an operation only the integration's address; here it is whole."""

import copy
import json

from ministack.services import apigateway_v1 as v1

METHODS = ("get", "post", "put", "delete", "patch", "head", "options", "x-amazon-apigateway-any-method")
PLACES = {"path": "path", "query": "querystring", "header": "header"}


def error_of(answer):
    return answer if answer[0] >= 400 else None


def integration_of(definition):
    """An integration as PutIntegration takes it."""
    data = {key: value for key, value in definition.items() if key != "responses"}
    for name in ("type", "passthroughBehavior", "connectionType"):
        if data.get(name):
            data[name] = str(data[name]).upper()
    if isinstance(data.get("uri"), dict):
        data["uri"] = data["uri"].get("Fn::Sub", "")
    return data


def import_operation(api_id, resource_id, method, operation, shared, schemes, security):
    parameters = [*shared, *(operation.get("parameters") or [])]
    data = v1._method_security(operation.get("security", security), schemes)
    data["operationName"] = operation.get("operationId", "")
    data["requestParameters"] = {
        f"method.request.{PLACES[parameter['in']]}.{parameter['name']}": bool(parameter.get("required"))
        for parameter in parameters if parameter.get("in") in PLACES
    }
    refused = error_of(v1._put_method(api_id, resource_id, method, data))
    if refused:
        return refused
    for status, response in (operation.get("responses") or {}).items():
        if not str(status).isdigit():
            continue
        headers = {f"method.response.header.{name}": False for name in response.get("headers") or {}}
        v1._put_method_response(api_id, resource_id, method, str(status), {"responseParameters": headers})
    definition = operation.get("x-amazon-apigateway-integration")
    if not isinstance(definition, dict):
        return None
    refused = error_of(v1._put_integration(api_id, resource_id, method, integration_of(definition)))
    if refused:
        return refused
    for pattern, response in (definition.get("responses") or {}).items():
        v1._put_integration_response(
            api_id, resource_id, method, str(response.get("statusCode", "200")),
            {**response, "selectionPattern": "" if pattern == "default" else pattern})
    return None


def resource_at(api_id, path):
    """Id of the resource at a path, made with its parents where it is missing."""
    resources = v1._resources[api_id]
    current = next(id for id, resource in resources.items() if resource["path"] == "/")
    for segment in [part for part in path.split("/") if part]:
        found = next((id for id, resource in resources.items()
                      if resource.get("parentId") == current and resource.get("pathPart") == segment), None)
        if found is None:
            found = json.loads(v1._create_resource(api_id, current, {"pathPart": segment})[2])["id"]
        current = found
    return current


def overwrite(api_id, spec):
    """Resources keep their ids where their paths stay, so that nothing else has to change."""
    resources = v1._resources[api_id]
    for resource in resources.values():
        resource["resourceMethods"] = {}
    v1._authorizers_v1[api_id] = {}
    v1._gateway_responses[api_id] = {}
    schemes = v1._import_security_schemes(api_id, spec)
    wanted = {"/"}
    for path, item in (spec.get("paths") or {}).items():
        segments = [part for part in path.split("/") if part]
        wanted.update("/" + "/".join(segments[:count]) for count in range(1, len(segments) + 1))
        resource_id = resource_at(api_id, path)
        for name, operation in item.items():
            if name.lower() not in METHODS:
                continue
            method = "ANY" if name.startswith("x-") else name.upper()
            refused = import_operation(
                api_id, resource_id, method, operation or {}, item.get("parameters") or [], schemes, spec.get("security"))
            if refused:
                return refused
    for id in [id for id, resource in resources.items() if resource["path"] not in wanted]:
        del resources[id]
    for kind, response in (spec.get("x-amazon-apigateway-gateway-responses") or {}).items():
        refused = error_of(v1._put_gateway_response(api_id, kind, response))
        if refused:
            return refused
    return None


def put_rest_api(api_id, mode, body):
    api = v1._rest_apis.get(api_id)
    if not api:
        return v1._v1_error("NotFoundException", "Invalid API identifier specified", 404)
    if mode != "overwrite":
        return v1._v1_error("BadRequestException", "The local cloud imports definitions with mode=overwrite only", 400)
    try:
        spec = json.loads(body)
    except ValueError:
        return v1._v1_error("BadRequestException", "Invalid OpenAPI input.", 400)
    if not isinstance(spec, dict) or not spec.get("paths"):
        return v1._v1_error("BadRequestException", "Invalid OpenAPI input: it has no paths.", 400)
    stores = (v1._resources, v1._authorizers_v1, v1._gateway_responses)
    before = [copy.deepcopy(store.get(api_id, {})) for store in stores]
    refused = overwrite(api_id, spec)
    if refused:
        # All or nothing, as on AWS.
        for store, content in zip(stores, before):
            store[api_id] = content
        return refused
    info = spec.get("info") or {}
    api["name"] = str(info.get("title") or api["name"])
    api["version"] = str(info.get("version") or "")
    if "description" in info:
        api["description"] = str(info["description"])
    return v1._v1_response(v1._rest_api_view(api))


def apply():
    handle = v1.handle_request

    async def handle_request(method, path, headers, body, query_params):
        parts = [part for part in path.strip("/").split("/") if part]
        if method == "PUT" and len(parts) == 2 and parts[0] == "restapis":
            mode = query_params.get("mode", "merge")
            return put_rest_api(parts[1], mode[0] if isinstance(mode, list) else mode, body or b"{}")
        return await handle(method, path, headers, body, query_params)

    v1.handle_request = handle_request

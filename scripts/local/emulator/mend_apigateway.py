"""VPC links of API Gateway v2, which MiniStack lacks: the resource itself, its tags, and integrations through it. The
integration keeps its listener ARN, as on AWS; a request goes from the API straight to that load balancer's listener."""

import asyncio
import json
import time
from urllib.parse import quote, unquote, urlencode

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, new_uuid
from ministack.services import alb, apigateway

links = AccountRegionScopedDict()

# What MiniStack forgets of an integration.
INTEGRATION_FIELDS = ("connectionId", "tlsConfig", "integrationSubtype", "credentialsArn", "passthroughBehavior",
                      "templateSelectionExpression")


def arn(link_id):
    return f"arn:aws:apigateway:{get_region()}::/vpclinks/{link_id}"


def view(link):
    return {k: v for k, v in link.items() if not k.startswith("_")}


def create(data):
    if not data.get("name"):
        return apigateway._apigw_error("BadRequestException", "Name is required", 400)
    if not data.get("subnetIds"):
        return apigateway._apigw_error("BadRequestException", "At least one subnet is required", 400)
    link = {
        "vpcLinkId": new_uuid().replace("-", "")[:6],
        "name": data["name"],
        "subnetIds": data["subnetIds"],
        "securityGroupIds": data.get("securityGroupIds") or [],
        "tags": dict(data.get("tags") or {}),
        "createdDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "vpcLinkStatus": "AVAILABLE",
        "vpcLinkStatusMessage": "VPC link is ready to route traffic",
        "vpcLinkVersion": "V2",
    }
    links[link["vpcLinkId"]] = link
    return apigateway._apigw_response(view(link), 201)


def page(query):
    first = lambda name: (query.get(name) or [""])[0] if isinstance(query.get(name), list) else query.get(name, "")
    size = int(first("maxResults") or 100)
    offset = int(first("nextToken") or 0)
    items = [view(link) for link in links.values()]
    answer = {"items": items[offset:offset + size]}
    if offset + size < len(items):
        answer["nextToken"] = str(offset + size)
    return apigateway._apigw_response(answer)


def one(method, link_id, data):
    link = links.get(link_id)
    if not link:
        return apigateway._apigw_error("NotFoundException", f"Unable to find VPC Link {link_id}", 404)
    if method == "DELETE":
        links.pop(link_id, None)
        return 202, {"Content-Type": "application/json"}, b"{}"
    if method == "PATCH" and data.get("name"):
        link["name"] = data["name"]
    return apigateway._apigw_response(view(link))


def tags(method, link_id, data, query):
    link = links.get(link_id)
    if not link:
        return apigateway._apigw_error("NotFoundException", f"Unable to find VPC Link {link_id}", 404)
    if method == "POST":
        link["tags"].update(data.get("tags") or {})
        return apigateway._apigw_response({}, 201)
    if method == "DELETE":
        keys = query.get("tagKeys") or []
        for key in [keys] if isinstance(keys, str) else keys:
            link["tags"].pop(key, None)
        return 204, {}, b""
    return apigateway._apigw_response({"tags": link["tags"]})


async def through_link(integration, path, method, headers, body, query):
    """One request from an API through a VPC link to the load balancer behind the listener ARN."""
    unavailable = 503, {"Content-Type": "application/json"}, json.dumps({"message": "Service Unavailable"}).encode()
    listener = alb._listeners.get(integration.get("integrationUri", ""))
    balancer = alb._lbs.get(listener["LoadBalancerArn"]) if listener else None
    if balancer is None or integration.get("connectionId") not in links:
        return unavailable
    raw_query = urlencode([(k, v) for k, vs in (query or {}).items() for v in (vs if isinstance(vs, list) else [vs])])
    timeout = (integration.get("timeoutInMillis") or 30000) / 1000
    sent = {k.lower(): v for k, v in headers.items()}
    sent.setdefault("host", balancer["DNSName"])
    try:
        status, out, content = await asyncio.wait_for(
            alb.dispatch_request(balancer, method, path, sent, body, query or {}, listener.get("Port", 80),
                                 raw_query_string=raw_query, raw_path=quote(path, safe="/%:@!$&'()*+,;=~")),
            timeout)
    except asyncio.TimeoutError:
        return 504, {"Content-Type": "application/json"}, json.dumps({"message": "Gateway Timeout"}).encode()
    # An HTTP API with CORS of its own overrides what the application says about it.
    return status, dict(out), content


def apply():
    handle, create_integration, update_integration = (
        apigateway.handle_request, apigateway._create_integration, apigateway._update_integration)
    proxy, get_state, load, reset = (
        apigateway._invoke_http_proxy, apigateway.get_state, apigateway.load_persisted_state, apigateway.reset)

    async def handle_request(method, path, headers, body, query_params):
        parts = [p for p in path.strip("/").split("/") if p]
        try:
            data = json.loads(body) if body else {}
        except json.JSONDecodeError:
            data = {}
        if parts[:2] == ["v2", "vpclinks"]:
            if len(parts) > 2:
                return one(method, parts[2], data)
            return create(data) if method == "POST" else page(query_params)
        if parts[:2] == ["v2", "tags"]:
            name = unquote("/".join(parts[2:]))
            if "/vpclinks/" in name:
                return tags(method, name.rsplit("/", 1)[1], data, query_params)
        return await handle(method, path, headers, body, query_params)

    def keep_fields(answer, api_id, integration_id, data):
        integration = apigateway._integrations.get(api_id, {}).get(integration_id)
        if answer[0] >= 300 or integration is None:
            return answer
        for field in INTEGRATION_FIELDS:
            if data.get(field) not in (None, ""):
                integration[field] = data[field]
            elif field in data:
                integration.pop(field, None)
        if integration.get("integrationType") == "HTTP_PROXY" and "payloadFormatVersion" not in data \
                and answer[0] == 201:
            integration["payloadFormatVersion"] = "1.0"
        return apigateway._apigw_response(integration, answer[0])

    def create_kept(api_id, data):
        answer = create_integration(api_id, data)
        if answer[0] >= 300:
            return answer
        return keep_fields(answer, api_id, json.loads(answer[2])["integrationId"], data)

    def update_kept(api_id, integration_id, data):
        return keep_fields(update_integration(api_id, integration_id, data), api_id, integration_id, data)

    async def invoke(integration, path, method, headers, body, query_params):
        if integration.get("connectionType") == "VPC_LINK":
            return await through_link(integration, path, method, headers, body, query_params)
        return await proxy(integration, path, method, headers, body, query_params)

    def state():
        import copy
        return {**get_state(), "sluice_vpc_links": copy.deepcopy(links)}

    def load_state(data):
        links.update((data or {}).get("sluice_vpc_links", {}))
        return load(data)

    def clear():
        links.clear()
        reset()

    apigateway.handle_request = handle_request
    apigateway._create_integration, apigateway._update_integration = create_kept, update_kept
    apigateway._invoke_http_proxy = invoke
    apigateway.get_state, apigateway.load_persisted_state, apigateway.reset = state, load_state, clear

"""An application's paths reach the application. MiniStack answers some paths (/health, /_ministack/..., /v2/..., /logout)
itself on every host name; on the host name of an API, a load balancer or a function they belong to whoever is deployed."""

import ministack.app as ministack
from ministack.core.responses import get_account_id, request_scope
from ministack.services import alb

from mend_cloudfront import region_of


def owner(host, path):
    """Which data plane a host name belongs to, or None for the emulator's own."""
    name = host.split(":")[0].lower()
    if ministack._EXECUTE_API_RE.match(host):
        return "api"
    if ministack._parse_lambda_url(host, "") is not None:
        return "function"
    if name.endswith(".elb.amazonaws.com") or name.endswith(".alb.localhost"):
        return "alb"
    if ministack._parse_cloudfront_dataplane_host(host):
        return "distribution"
    return None


async def balance(host, path, method, headers, body, query_params, raw):
    """A request to a load balancer's own name. It is answered in the region that the name tells. There is one local address
    for all listeners and no TLS: where there is an HTTPS listener, that is the one a viewer ends up at."""
    with request_scope(get_account_id(), region_of(host)):
        found = alb.find_lb_for_host(host)
        secure = [listener.get("Port", 443) for listener in alb._listeners.values()
                  if found and listener["LoadBalancerArn"] == found["LoadBalancerArn"]
                  and listener.get("Protocol") == "HTTPS"]
        at = f"{host}:{secure[0]}" if secure and ":" not in host else host
        return await ministack._handle_alb_request(
            at, path, method, headers, body, query_params, raw.get("raw_query_string"), raw.get("raw_path"))


def apply():
    before_body = ministack._handle_pre_body_request
    after_body = ministack._handle_post_body_shortcuts
    special = ministack._handle_special_data_plane_request

    async def pre_body(method, path, headers, query_params, request_id):
        if owner(headers.get("host", ""), path):
            return None
        return await before_body(method, path, headers, query_params, request_id)

    async def post_body(method, path, headers, body, query_params, request_id):
        if owner(headers.get("host", ""), path):
            return None
        return await after_body(method, path, headers, body, query_params, request_id)

    async def data_plane(method, path, headers, body, query_params, request_id, **raw):
        host = headers.get("host", "")
        kind = owner(host, path)
        if kind == "api":
            answer = await ministack._handle_execute_api_request(
                host, path, method, headers, body, query_params,
                raw_path=raw.get("raw_path"), raw_query_string=raw.get("raw_query_string"),
            )
            return answer or not_found()
        if kind == "alb":
            return await balance(host, path, method, headers, body, query_params, raw) or not_found()
        if kind == "distribution":
            answer = await ministack._handle_cloudfront_dataplane_request(
                host, path, raw.get("raw_path") or path, raw.get("raw_query_string") or "", method, headers, body,
                query_params, raw.get("client_ip") or "127.0.0.1")
            return answer or not_found()
        return await special(method, path, headers, body, query_params, request_id, **raw)

    ministack._handle_pre_body_request = pre_body
    ministack._handle_post_body_shortcuts = post_body
    ministack._handle_special_data_plane_request = data_plane


def not_found():
    return 404, {"Content-Type": "application/json"}, b'{"message":"Not Found"}'

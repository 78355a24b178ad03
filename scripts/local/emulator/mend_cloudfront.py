"""Distributions whose answers stream and whose origins may lie in any region. MiniStack collects a load balancer's whole answer
first, looks for it in the default region only, refuses its HTTPS listeners for want of certificates, and answers 403 for every
object that is missing. Here too: attributes that it reads back though nobody wrote them."""

import asyncio
import http.client
import re
from urllib.parse import parse_qs

from ministack.core.responses import StreamingResponse, get_account_id, get_region, request_scope
from ministack.services import alb, cloudfront, s3

BALANCER_REGION = re.compile(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.elb\.amazonaws\.com$")


def region_of(host):
    """The region that a load balancer's DNS name tells."""
    found = BALANCER_REGION.search(host.split(":")[0].lower())
    return found.group(1) if found else get_region()


async def fetch_from_balancer(lb, origin, method, uri, query, headers, body, viewer_is_https, client_ip, viewer_xff):
    """(status, reason, headers, body) of a load balancer; a good answer's body is passed on as it arrives."""
    _host, port, use_https = cloudfront._origin_connect_target(origin, viewer_is_https)
    wanted = ("HTTPS", "TLS") if use_https else ("HTTP",)
    timeout = origin.get("read_timeout", 30)
    sent = {k.lower(): v for k, v in
            cloudfront._origin_request_headers(origin, headers, client_ip, viewer_xff).items()}
    with request_scope(get_account_id(), region_of(lb["DNSName"])):
        if not any(listener["LoadBalancerArn"] == lb["LoadBalancerArn"] and listener.get("Port") == port
                   and listener.get("Protocol") in wanted for listener in alb._listeners.values()):
            raise cloudfront.OriginUnreachable(f"no {wanted[0]} listener on port {port} of {lb['DNSName']}")
        try:
            status, answered, data = await asyncio.wait_for(
                alb.dispatch_request(lb, method, uri, sent, body or b"", parse_qs(query, keep_blank_values=True), port,
                                     client_ip="127.0.0.1", raw_query_string=query), timeout)
        except asyncio.TimeoutError as error:
            raise cloudfront.OriginTimeout(f"no response from {lb['DNSName']} within {timeout}s") from error
        except Exception as error:
            raise cloudfront.OriginUnreachable(str(error)) from error
    if isinstance(data, StreamingResponse) and status >= 400:
        # A custom error page may take its place.
        data = await cloudfront._collect_streaming_body(data, timeout)
    pairs = [(name, value) for name, values in answered.items()
             for value in (values if isinstance(values, list) else [values])]
    return status, http.client.responses.get(status, ""), pairs, data


def registered_balancer(origin):
    host = cloudfront._normalize_origin_host(origin["domain_name"])
    if not cloudfront._is_aws_owned_host(host):
        return None
    with request_scope(get_account_id(), region_of(host)):
        return alb.find_lb_for_host(host)


def may_list(bucket, source_arn):
    """Whether the bucket's policy lets the distribution list it: then a missing object is 404, otherwise 403."""
    from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy

    owner = s3._bucket_owner_account(bucket) or get_account_id()
    policy = s3._bucket_policies.get_scoped(owner, None, bucket)
    if not policy or not source_arn:
        return False
    context = EvalContext(principal_arn="*", principal_type="Service", principal_account="", action="s3:ListBucket",
                          resource_arn=f"arn:aws:s3:::{bucket}", region=get_region(), secure_transport=True,
                          service_context={"aws:sourcearn": source_arn})
    return evaluate_resource_policy(policy, context, service="cloudfront.amazonaws.com").decision == "Allow"


def apply():
    fetch_object, allows, policy_xml = (
        s3.serve_cloudfront_origin_fetch, s3._cloudfront_origin_allows, cloudfront._build_rhp_config_xml)

    def fetch_or_missing(bucket, key, method, headers, source_arn="", oai_id=""):
        found = s3._ensure_bucket(bucket)
        if found is not None and key not in found["objects"] and may_list(bucket, source_arn):
            return s3._error("NoSuchKey", "The specified key does not exist.", 404, f"/{bucket}/{key}")
        return fetch_object(bucket, key, method, headers, source_arn=source_arn, oai_id=oai_id)

    def secure(owner, bucket, key, source_arn, oai_id):
        """CloudFront reads a bucket over TLS, whatever the viewer uses."""
        from ministack.core import iam_evaluator

        address = iam_evaluator._request_origin.get()[0]
        token = iam_evaluator._request_origin.set((address, True))
        try:
            return allows(owner, bucket, key, source_arn, oai_id)
        finally:
            iam_evaluator._request_origin.reset(token)

    def without_empty_blocks(parent, config):
        policy_xml(parent, config)
        for name, items in (("CustomHeadersConfig", "CustomHeaders"), ("RemoveHeadersConfig", "RemoveHeaders")):
            block = parent.find(name)
            if block is not None and not config[items]:
                parent.remove(block)

    cloudfront._fetch_from_alb_origin = fetch_from_balancer
    cloudfront._registered_alb = registered_balancer
    s3.serve_cloudfront_origin_fetch, s3._cloudfront_origin_allows = fetch_or_missing, secure
    cloudfront._build_rhp_config_xml = without_empty_blocks
    for table in [value for value in vars(cloudfront).values() if isinstance(value, dict)]:
        for name, value in table.items():
            if value is policy_xml:
                table[name] = without_empty_blocks

"""Attributes that MiniStack's EC2 forgets, each found by a second plan that was not empty."""

from ministack.services import ec2

# Fields of a flow log that are stored and read back: parameter -> element of the answer.
FLOW_LOG_FIELDS = {
    "DeliverLogsPermissionArn": "deliverLogsPermissionArn",
    "MaxAggregationInterval": "maxAggregationInterval",
    "LogGroupName": "logGroupName",
    "LogFormat": "logFormat",
}
DEFAULT_FORMAT = ("${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} "
                  "${packets} ${bytes} ${start} ${end} ${action} ${log-status}")


def list_of(params, *names):
    for name in names:
        found = ec2._parse_member_list(params, name)
        if found:
            return found
    return []


def apply():
    match = ec2._rules_match

    def without_ports(rule):
        """Protocol -1 means every port; AWS ignores the ports that a caller names with it."""
        if str(rule.get("IpProtocol")) != "-1":
            return rule
        return {k: v for k, v in dict(rule).items() if k not in ("FromPort", "ToPort")}

    ec2._rules_match = lambda a, b: match(without_ports(a), without_ports(b))

    create_logs, describe_logs = ec2._create_flow_logs, ec2._describe_flow_logs

    def create_flow_logs(params):
        before = set(ec2._flow_logs)
        answer = create_logs(params)
        for flow_log_id in set(ec2._flow_logs) - before:
            record = ec2._flow_logs[flow_log_id]
            for parameter in FLOW_LOG_FIELDS:
                value = ec2._p(params, parameter)
                if value:
                    record[parameter] = value
            record.setdefault("MaxAggregationInterval", "600")
            record.setdefault("LogFormat", DEFAULT_FORMAT)
            ec2._parse_tag_specs(params, "vpc-flow-log", flow_log_id)
        return answer

    def describe_flow_logs(params):
        status, headers, body = describe_logs(params)
        text = body.decode() if isinstance(body, bytes) else body
        for flow_log_id, record in ec2._flow_logs.items():
            extra = "".join(f"<{element}>{ec2._esc(str(record[parameter]))}</{element}>"
                            for parameter, element in FLOW_LOG_FIELDS.items() if record.get(parameter))
            mark = f"<flowLogId>{flow_log_id}</flowLogId>"
            text = text.replace(mark, mark + extra)
        return without_length(status, headers, text)

    create_endpoint, modify_endpoint, fields = ec2._create_vpc_endpoint, ec2._modify_vpc_endpoint, ec2._vpce_fields_xml

    def endpoint_xml(endpoint, tag="item"):
        text = fields(endpoint, tag)
        groups = "".join(f"<item><groupId>{g}</groupId></item>" for g in endpoint.get("_groups", []))
        private = str(endpoint.get("_privateDns", False)).lower()
        extra = f"<groupSet>{groups}</groupSet><privateDnsEnabled>{private}</privateDnsEnabled><ipAddressType>ipv4</ipAddressType>"
        if endpoint.get("PolicyDocument"):
            extra += f"<policyDocument>{ec2._esc(endpoint['PolicyDocument'])}</policyDocument>"
        return text.replace(f"</{tag}>", extra + f"</{tag}>") if text.count(f"</{tag}>") == 1 else \
            text[: text.rindex(f"</{tag}>")] + extra + f"</{tag}>"

    def remember(endpoint, params):
        groups = list_of(params, "SecurityGroupId")
        if groups:
            endpoint["_groups"] = groups
        added, removed = list_of(params, "AddSecurityGroupId"), list_of(params, "RemoveSecurityGroupId")
        if added or removed:
            endpoint["_groups"] = [g for g in endpoint.get("_groups", []) if g not in removed] + added
        private = ec2._p(params, "PrivateDnsEnabled")
        if private:
            endpoint["_privateDns"] = private.lower() == "true"
        if ec2._p(params, "PolicyDocument"):
            endpoint["PolicyDocument"] = ec2._p(params, "PolicyDocument")

    def create_vpc_endpoint(params):
        before = set(ec2._vpc_endpoints)
        create_endpoint(params)
        endpoint = ec2._vpc_endpoints[next(iter(set(ec2._vpc_endpoints) - before))]
        remember(endpoint, params)
        return ec2._xml(200, "CreateVpcEndpointResponse", endpoint_xml(endpoint, tag="vpcEndpoint"))

    def modify_vpc_endpoint(params):
        answer = modify_endpoint(params)
        if answer[0] < 300:
            remember(ec2._vpc_endpoints[ec2._p(params, "VpcEndpointId")], params)
        return answer

    ec2._vpce_fields_xml = endpoint_xml
    for action, handler in (("CreateFlowLogs", create_flow_logs), ("DescribeFlowLogs", describe_flow_logs),
                            ("CreateVpcEndpoint", create_vpc_endpoint), ("ModifyVpcEndpoint", modify_vpc_endpoint)):
        assert action in ec2._ACTION_MAP, f"MiniStack no longer has EC2's {action}"
        ec2._ACTION_MAP[action] = handler


def without_length(status, headers, text):
    return status, {k: v for k, v in headers.items() if k.lower() != "content-length"}, text.encode()

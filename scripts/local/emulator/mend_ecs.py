"""ECS services that tell the truth. MiniStack calls a task good one second after its container started; here a deployment
completes when its tasks pass their container check and their target group's check, a task that fails them is stopped and
counts as a failure, and a container is drained and given its stopTimeout before it ends."""

import os
import threading
import time

from ministack.core.concurrency import spawn_background
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ecs

import mend_elb

# As long as AWS would wait, but never longer than this here.
GRACE = float(os.environ.get("SLUICE_HEALTH_GRACE_SECONDS", "15"))
STABLE_AFTER = 1.0

checked = {}  # task ARN -> when its containers were last looked at
judged = set()  # tasks being stopped or declared healthy right now
failures = {}  # deployment -> times of its latest failures


def container_health(task, docker_client):
    """HEALTHY, UNHEALTHY, or UNKNOWN (no check, or no result yet) of each container, written onto the task."""
    definition = definition_of(task)
    worst = None
    for index, container_definition in enumerate(definition.get("containerDefinitions", [])):
        if not container_definition.get("healthCheck") or index >= len(task.get("_docker_ids") or []):
            continue
        try:
            attrs = docker_client.api.inspect_container(task["_docker_ids"][index])
            status = ((attrs.get("State") or {}).get("Health") or {}).get("Status", "starting")
        except Exception:
            status = "starting"
        health = {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}.get(status, "UNKNOWN")
        if index < len(task.get("containers", [])):
            task["containers"][index]["healthStatus"] = health
        rank = ("UNHEALTHY", "UNKNOWN", "HEALTHY")
        worst = health if worst is None else rank[min(rank.index(worst), rank.index(health))]
    task["healthStatus"] = worst or "UNKNOWN"
    return worst


def definition_of(task):
    return ecs._task_defs.get(ecs._resolve_td_key(task.get("taskDefinitionArn", ""))) or {}


def age(task):
    started = task.get("startedAt")
    return time.time() - ecs._ts_to_epoch(started) if started else 0.0


def verdict(service, task, docker_client):
    """'healthy', 'waiting', or the reason why the task must go."""
    health = container_health(task, docker_client)
    if health == "UNHEALTHY":
        return "Task failed container health checks"
    waiting = health == "UNKNOWN"
    grace = min(float(service.get("healthCheckGracePeriodSeconds") or 0), GRACE)
    address = ecs._task_ip(task)
    for balancer in service.get("loadBalancers") or []:
        group = balancer.get("targetGroupArn")
        if not group or group not in mend_elb.alb._tgs:
            continue
        state = mend_elb.state_of(group, address, balancer.get("containerPort", 80))
        if state == "unhealthy" and age(task) > grace:
            return f"Task failed ELB health checks in (target-group {group})"
        waiting = waiting or state != "healthy"
    return "waiting" if waiting else "healthy"


def declare_healthy(original, cluster_name, service_key, task):
    try:
        original(service_key, task)
        ecs._refresh_service_state(cluster_name, task.get("group", ""))
        ecs._reconcile_service_tasks(cluster_name, service_key)
        service = ecs._services.get(service_key)
        deployment = ecs._deployment_for_task(service, task) if service else None
        if deployment:
            ecs._complete_service_deployment(cluster_name, service_key, expected_deployment_id=deployment["id"])
    finally:
        judged.discard(task["taskArn"])


def replace(task, reason):
    try:
        arn = task["taskArn"]
        if ecs._mark_task_stopped(arn, task, reason, "ServiceSchedulerInitiated"):
            service = ecs._services.get(service_key_of(task))
            if service:
                event(service, f"(service {service['serviceName']}) (task {arn.rsplit('/', 1)[-1]}) {reason.removeprefix('Task ')}.")
            ecs._record_service_task_failure(task)
            ecs._cleanup_task_resources(task, ecs._get_docker())
    finally:
        judged.discard(task["taskArn"])


def event(service, message):
    service["events"].insert(0, {"id": ecs.new_uuid(), "createdAt": ecs._iso(), "message": message})
    del service["events"][100:]


def service_key_of(task):
    cluster_name = ecs._cluster_name_from_arn(task.get("clusterArn", ""))
    return f"{cluster_name}/{task.get('group', ':').split(':', 1)[1]}"


def look_at(task, original_healthy):
    """One round for one running task, inside its account and region."""
    docker_client = ecs._get_docker()
    if not docker_client or not task.get("_docker_ids"):
        return
    group = task.get("group", "")
    is_service = group.startswith("service:")
    arn = task["taskArn"]
    if is_service and time.monotonic() - checked.get(arn, 0) < 1.0:
        return
    checked[arn] = time.monotonic()
    ecs._maybe_mark_stopped(task, docker_client)
    if not is_service or task.get("lastStatus") != "RUNNING" or arn in judged:
        return
    key = service_key_of(task)
    service = ecs._services.get(key)
    if not service or service.get("status") != "ACTIVE":
        return
    found = verdict(service, task, docker_client)
    if found == "waiting":
        return
    if found == "healthy":
        if not task.get("_startup_stable") and age(task) >= STABLE_AFTER:
            judged.add(arn)
            spawn_background(declare_healthy, original_healthy, key.split("/", 1)[0], key, task,
                             thread_name="sluice-healthy")
        return
    judged.add(arn)
    spawn_background(replace, task, found, thread_name="sluice-replace")


def loop(original_healthy):
    while True:
        time.sleep(0.25)
        for (account, region, arn), task in list(ecs._tasks._data.items()):
            if task.get("lastStatus") != "RUNNING":
                checked.pop(arn, None)
                continue
            try:
                with request_scope(account, region):
                    look_at(task, original_healthy)
            except Exception:
                ecs.logger.exception("sluice: looking at task %s failed", arn)


def run_settings(kwargs, definition, task_definition):
    """What MiniStack leaves out of a container: its check, entry point, user, folder, limits and time to stop."""
    check = definition.get("healthCheck")
    if check:
        second = 1_000_000_000
        kwargs["healthcheck"] = {
            "test": check.get("command") or [],
            "interval": int(check.get("interval") or 30) * second,
            "timeout": int(check.get("timeout") or 5) * second,
            "retries": int(check.get("retries") or 3),
            "start_period": int(check.get("startPeriod") or 0) * second,
        }
    for ours, theirs in (("entryPoint", "entrypoint"), ("user", "user"), ("workingDirectory", "working_dir")):
        if definition.get(ours):
            kwargs[theirs] = definition[ours]
    if definition.get("readonlyRootFilesystem"):
        kwargs["read_only"] = True
    memory = definition.get("memory") or task_definition.get("memory")
    if memory:
        kwargs["mem_limit"] = f"{int(memory)}m"
    kwargs["labels"]["sluice.stop-timeout"] = str(int(definition.get("stopTimeout") or 30))
    return kwargs


def stop_container(docker_client, container_or_id):
    container = container_or_id
    if isinstance(container, str):
        try:
            container = docker_client.containers.get(container)
        except Exception:
            return
    try:
        container.reload()
        networks = (container.attrs.get("NetworkSettings") or {}).get("Networks") or {}
        addresses = [n.get("IPAddress") for n in networks.values() if n.get("IPAddress")]
        timeout = int((container.labels or {}).get("sluice.stop-timeout", "5"))
        if container.status == "running":
            # A request may have chosen this target a moment before it was deregistered.
            time.sleep(0.3)
            for address in addresses:
                mend_elb.wait_until_idle(address, 30)
            container.stop(timeout=timeout)
    except Exception:
        pass
    try:
        container.remove(v=True, force=True)
    except Exception:
        pass


def apply():
    original_healthy, original_kwargs, original_failure = (
        ecs._record_service_task_healthy, ecs._build_run_kwargs, ecs._record_service_task_failure)

    def build_run_kwargs(cdef, td, *args, **named):
        return run_settings(original_kwargs(cdef, td, *args, **named), cdef, td)

    def remove(docker_client, container_or_id):
        if docker_client and container_or_id is not None:
            spawn_background(stop_container, docker_client, container_or_id, thread_name="sluice-stop")

    def record_failure(task, digest_resolution_failed=False):
        """A task that fails at once is not started again at once: the pauses double up to half a minute, as ECS throttles."""
        key = service_key_of(task) if task.get("group", "").startswith("service:") else None
        if key is None or digest_resolution_failed:
            return original_failure(task, digest_resolution_failed=digest_resolution_failed)
        deployment_id = task.get("_deployment_id") or key
        recent = [t for t in failures.get(deployment_id, []) if time.monotonic() - t < 180]
        failures[deployment_id] = recent + [time.monotonic()]
        service = ecs._services.get(key) or {}
        waits_for_image = "CannotPull" in (task.get("stoppedReason") or "") and not task.get("pullStoppedAt") and not any(
            d.get("rolloutState") == "COMPLETED" for d in service.get("deployments", []))
        if recent:
            pause = min(5.0 if waits_for_image else 30.0, 0.5 * 2 ** len(recent))
        else:
            pause = 0.0
        account, region = get_account_id(), get_region()

        def later():
            time.sleep(pause)
            with request_scope(account, region):
                if not waits_for_image:
                    return original_failure(task)
                # A new service whose image is not pushed yet goes on trying. On AWS each try takes a minute or more, so the
                # push usually comes before the circuit breaker does; the tries here are too quick to be counted.
                if service:
                    event(service, f"(service {service['serviceName']}) was unable to pull its image: "
                                   f"{task.get('stoppedReason')}")
                ecs._reconcile_service_tasks(key.split("/", 1)[0], key)

        spawn_background(later, thread_name="sluice-task-failure")

    original_make, original_update = ecs._make_deployment, ecs._update_service

    def update_service(data):
        """A new deployment starts with a clean list: on AWS a failed one goes away once its tasks are gone."""
        answer = original_update(data)
        reference = ecs._resolve_service_ref(data.get("service", ""))
        cluster_name = ecs._resolve_cluster_name(data.get("cluster", "default"))
        service = ecs._services.get(f"{cluster_name}/{reference[0]}") if reference else None
        if answer[0] >= 300 or not service or not (data.get("taskDefinition") or data.get("forceNewDeployment")):
            return answer
        live = {t.get("_deployment_id") for t in ecs._tasks.values() if t.get("lastStatus") in ecs._PRE_STOP_STATUSES}
        service["deployments"] = [d for d in service["deployments"] if d.get("status") == "PRIMARY"
                                  or d.get("rolloutState") != "FAILED" or d.get("id") in live]
        return ecs.json_response({"service": ecs._sanitize(service)})

    def make_deployment(*args, **named):
        """A first deployment is in progress too until its tasks are healthy; MiniStack calls it completed at once."""
        deployment = original_make(*args, **named)
        deployment["rolloutState"] = "IN_PROGRESS"
        deployment["rolloutStateReason"] = f"ECS deployment {deployment['id']} in progress."
        return deployment

    ecs._make_deployment = make_deployment
    ecs._update_service = ecs._ACTION_MAP["UpdateService"] = update_service
    # Ours decides when a task is healthy; MiniStack's one-second timer no longer does.
    ecs._record_service_task_healthy = lambda service_key, task: None
    ecs._build_run_kwargs = build_run_kwargs
    ecs._remove_docker_container = remove
    ecs._record_service_task_failure = record_failure
    # Ours looks at containers once a second; MiniStack asks the engine twenty times a second for every task.
    ecs._watch_task_lifecycle = lambda task, docker_client, account_id, region: None
    threading.Thread(target=loop, args=(original_healthy,), daemon=True, name="sluice-ecs").start()

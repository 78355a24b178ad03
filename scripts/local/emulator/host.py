"""Runs MiniStack for one environment: its own server, plus snapshots of its state while it runs and the mends beside this
file. Started by the local cloud's supervisor, which sets every setting by environment variables; not a command for people."""

import asyncio
import ctypes
import json
import os
import signal
import sys
import threading
import time

PARENT = os.getppid()


def die_with_parent(stop):
    """A supervisor that was killed cannot stop its children; they stop by themselves and keep their state."""
    if sys.platform == "linux":
        try:
            ctypes.CDLL(None).prctl(1, signal.SIGTERM)
        except (OSError, AttributeError):
            pass

    def watch():
        while os.getppid() == PARENT:
            time.sleep(1)
        stop()

    threading.Thread(target=watch, daemon=True, name="sluice-parent").start()


async def change_settings(receive, send):
    """Settings that MiniStack reads once at its start, changed while it runs."""
    from ministack.services import bedrock_runtime

    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    bedrock_runtime._PROXY_URL = json.loads(body or b"{}").get("bedrockProxyUrl", "").rstrip("/")
    await answer(send, 204, b"")


async def answer(send, status, body):
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


def main():
    import ministack.app as ministack
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    import container_logs
    import inventory
    import mend_apigateway
    import mend_cloudfront
    import mend_cognito
    import mend_data_plane
    import mend_ec2
    import mend_ecs
    import mend_elb
    import mend_lambda
    import mend_rest_api
    import mend_s3
    import mend_rest_import
    import snapshots

    for mend in (
        mend_data_plane, mend_apigateway, mend_elb, mend_ecs, mend_ec2, mend_rest_api, mend_rest_import,
        mend_cognito, mend_cloudfront,
        mend_s3, mend_lambda, container_logs,
    ):
        mend.apply()
    keeper = snapshots.Keeper(ministack)
    keeper.apply()

    async def app(scope, receive, send):
        if scope["type"] == "http":
            if scope["path"] == "/_sluice/inventory":
                things = await asyncio.to_thread(inventory.collect, ministack._build_persistence_save_dict())
                return await answer(send, 200, json.dumps(things).encode())
            if scope["path"] == "/_sluice/settings":
                return await change_settings(receive, send)
            if scope["method"] not in ("GET", "HEAD"):
                keeper.changed()
        await ministack.app(scope, receive, send)

    async def run():
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()

        def stop():
            loop.call_soon_threadsafe(stopping.set)

        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop)
        die_with_parent(stop)
        keeper.start()
        config = Config()
        config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}"]
        config.keep_alive_timeout = 75
        config.graceful_timeout = 2
        config.loglevel = "WARNING"
        await serve(app, config, shutdown_trigger=stopping.wait)

    asyncio.run(run())
    # Threads of the emulator (log forwarders, watchers) may hang on a socket; the state is saved by now.
    os._exit(0)


if __name__ == "__main__":
    main()

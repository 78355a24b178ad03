"""Keeps the emulator's state on disk while it runs, so that a kill loses at most a few seconds. MiniStack alone saves on an
orderly stop only. Files are replaced whole, only when their content changed; image layers are kept once, by digest."""

import hashlib
import json
import logging
import os
import threading
import time

logger = logging.getLogger("sluice.snapshots")

QUIET_SECONDS = 15.0


class Keeper:
    def __init__(self, ministack):
        self.ministack = ministack
        self.folder = os.environ["STATE_DIR"]
        self.interval = float(os.environ.get("SLUICE_SNAPSHOT_SECONDS", "3"))
        self.dirty = threading.Event()
        self.written = {}
        self.lock = threading.Lock()

    def changed(self):
        self.dirty.set()

    def apply(self):
        """Saving at the end goes the same way as saving on the way."""
        from ministack.core import persistence
        from ministack.services import ecr

        self.persistence = persistence
        BlobFiles(os.path.join(self.folder, "blobs")).apply(ecr)
        self.ministack.save_all = lambda services: self.save(services)

    def start(self):
        threading.Thread(target=self.loop, daemon=True, name="sluice-snapshots").start()

    def loop(self):
        pause = self.interval
        while True:
            time.sleep(pause)
            # A change that no request caused (a task that ended, a log line) is saved too, a little later.
            self.dirty.wait(timeout=max(0.1, QUIET_SECONDS - pause))
            self.dirty.clear()
            started = time.monotonic()
            self.save(self.ministack._build_persistence_save_dict())
            # At most a twentieth of the time goes into saving, however large the state is.
            pause = max(self.interval, 20 * (time.monotonic() - started))

    def save(self, services):
        with self.lock:
            os.makedirs(self.folder, exist_ok=True)
            for name, get_state in services.items():
                try:
                    self.save_one(name, get_state)
                except Exception:
                    logger.exception("could not save the state of %s", name)

    def save_one(self, name, get_state):
        text = None
        for attempt in range(20):
            try:
                state = get_state()
                if state is None:
                    return
                version = self.persistence._state_format_version(name)
                wrapped = {"__ministack_format__": version, "payload": state}
                text = json.dumps(wrapped, default=self.persistence._json_default)
                break
            except RuntimeError:
                # A dictionary grew while it was copied: requests go on meanwhile.
                time.sleep(0.01 * (attempt + 1))
        if text is None:
            self.changed()
            return
        digest = hashlib.sha256(text.encode()).digest()
        path = os.path.join(self.folder, f"{name}.json")
        if self.written.get(name) == digest and os.path.exists(path):
            return
        replace_file(path, text.encode())
        self.written[name] = digest


class BlobFiles:
    """Layers of pushed images as files by digest; the registry's snapshot only names them."""

    MARK = "__sluice_blob__"

    def __init__(self, folder):
        self.folder = folder

    def path(self, digest):
        return os.path.join(self.folder, digest.replace(":", "-"))

    def apply(self, ecr):
        original_get, original_load = ecr.get_state, ecr.load_persisted_state

        def get_state():
            state = original_get()
            kept = set()
            for blobs in state["layer_blobs"]._data.values():
                for digest, content in list(blobs.items()):
                    blobs[digest] = {self.MARK: digest}
                    kept.add(os.path.basename(self.path(digest)))
                    if not os.path.exists(self.path(digest)):
                        os.makedirs(self.folder, exist_ok=True)
                        replace_file(self.path(digest), bytes(content))
            if os.path.isdir(self.folder):
                for name in os.listdir(self.folder):
                    if name not in kept:
                        os.remove(os.path.join(self.folder, name))
            return state

        def load_persisted_state(data):
            for blobs in data.get("layer_blobs", {})._data.values() if data.get("layer_blobs") else ():
                for digest, value in list(blobs.items()):
                    if isinstance(value, dict) and self.MARK in value:
                        try:
                            with open(self.path(digest), "rb") as file:
                                blobs[digest] = file.read()
                        except FileNotFoundError:
                            del blobs[digest]
            return original_load(data)

        ecr.get_state, ecr.load_persisted_state = get_state, load_persisted_state


def replace_file(path, content):
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        file.write(content)
    os.replace(temporary, path)

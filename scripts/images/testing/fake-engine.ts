/** For tests: a container engine that is a small script. It builds nothing, but what it exports is a real archive. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { BuildEngine } from '../engine';
import { sha256 } from '../folders';
import { writeTar, type TarEntry } from '../tar';

export interface FakeEngine extends BuildEngine {
  /** What it was asked to do. */
  readonly calls: () => string[];
  /** Makes commands that begin so fail with this text. */
  readonly fail: (command: string, text: string) => void;
  /** Makes an image known to its store. */
  readonly store: (reference: string, id: string) => void;
}

export async function fakeEngine(folder: string, labels: Record<string, string> = {}): Promise<FakeEngine> {
  mkdirSync(join(folder, 'store'), { recursive: true });
  writeFileSync(join(folder, 'image.tar'), await imageArchive(labels));
  const script = `#!/bin/sh
cd '${folder}'
echo "$*" >> calls
for rule in fail-*; do
  if [ -f "$rule" ] && [ "$rule" = "fail-$1" ]; then cat "$rule" >&2; exit 125; fi
done
name() { printf '%s' "$1" | tr -c 'A-Za-z0-9' '_'; }
case "$1" in
  image) eval last=\\$$#; cat "store/$(name "$last")" 2>/dev/null || exit 1 ;;
  pull) eval last=\\$$#; echo pulled-id > "store/$(name "$last")" ;;
  ps) echo '[]' ;;
  build) sleep 0.3 ;;
  save) cp image.tar "$5" ;;
esac
`;
  const path = join(folder, 'engine');
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return {
    kind: 'podman',
    version: '0',
    path,
    env: {},
    calls: () =>
      existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : [],
    fail: (command, text) => writeFileSync(join(folder, `fail-${command}`), text),
    store: (reference, id) =>
      writeFileSync(join(folder, 'store', reference.replaceAll(/[^A-Za-z0-9]/g, '_')), `${id}\n`),
  };
}

/** A `docker save` archive of one layer with one file. */
export async function imageArchive(labels: Record<string, string> = {}): Promise<Buffer> {
  const layer = await tar([{ path: 'app', kind: 'file', mode: 0o644, content: 'x'.repeat(5000) }]);
  const diffId = sha256(layer);
  const config = JSON.stringify({
    created: '2026-01-31T12:00:00Z',
    container: 'random',
    container_config: { Hostname: 'random' },
    config: {
      Hostname: 'random',
      Domainname: '',
      Env: ['A=b'],
      Cmd: ['node'],
      Labels: labels,
      Healthcheck: { Test: ['CMD', 'true'], Interval: 30e9 },
    },
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [`sha256:${diffId}`] },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'COPY', comment: 'FROM x' }],
  });
  const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: ['x'], Layers: ['layer.tar'] }]);
  return tar([
    { path: 'layer.tar', kind: 'file', mode: 0o644, content: layer },
    { path: 'config.json', kind: 'file', mode: 0o644, content: config },
    { path: 'manifest.json', kind: 'file', mode: 0o644, content: manifest },
  ]);
}

async function tar(entries: readonly TarEntry[]): Promise<Buffer> {
  const out = new PassThrough();
  const [bytes] = await Promise.all([buffer(out), writeTar(entries, out)]);
  return bytes;
}

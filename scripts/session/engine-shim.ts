/**
 * The engine under the CDKTF CLI. That CLI (0.21) drops what a failing engine prints in its last moment, which is the very
 * message that says why; a shim that lingers for a second after a failure lets it through.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../toolchain/index';
import { sluiceHome } from './folders';

export function engineShim(engine: Engine): string {
  const folder = join(sluiceHome(), 'bin');
  mkdirSync(folder, { recursive: true });
  const shim = join(folder, engine.kind === 'opentofu' ? 'tofu' : 'terraform');
  const quoted = `'${engine.path.replaceAll("'", `'\\''`)}'`;
  writeFileSync(shim, `#!/bin/sh\n${quoted} "$@"\ncode=$?\n[ $code -eq 0 ] || sleep 1\nexit $code\n`);
  chmodSync(shim, 0o755);
  return shim;
}

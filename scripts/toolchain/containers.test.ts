import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerSockets, dockerVersion } from './containers';
import { containersConf, networkFile, podmanFolders, registriesConf, storageConf, ulimits } from './containers-config';

const limits = `Limit                     Soft Limit           Hard Limit           Units
Max processes             96365                4000                 processes
Max open files            1024                 20000                files
`;

describe('Podman settings', () => {
  test('limits are the hard ones of this shell', () => {
    expect(ulimits(limits)).toEqual(['nofile=20000:20000', 'nproc=4000:4000']);
  });

  test('limits that are higher than containers may have, or none, are capped', () => {
    expect(ulimits('Max processes  1  96365  processes\nMax open files  1  unlimited  files\n')).toEqual([
      'nofile=1048576:1048576',
      'nproc=32768:32768',
    ]);
  });

  test('storage, networks and run-time state are our own', () => {
    const folders = podmanFolders('/cache');
    const text = containersConf(folders, limits, 'runc') + storageConf(folders);
    expect(text).toContain('graphroot = "/cache/containers/storage"');
    expect(text).toContain('network_config_dir = "/cache/containers/networks"');
    expect(text).toContain('default_ulimits = ["nofile=20000:20000", "nproc=4000:4000"]');
    expect(text).toMatch(/tmp_dir = "\/run\/sluice\/[0-9a-f]{8}\/libpod"/);
    expect(text).toMatch(/runroot = "\/run\/sluice\/[0-9a-f]{8}\/storage"/);
    expect(podmanFolders('/other').run).not.toBe(folders.run);
  });

  test('plain http for this machine and what is named beside, once each', () => {
    const text = registriesConf({ insecure: ['registry.test:5000', 'localhost'] });
    const locations = [...text.matchAll(/location = "(.*)"\ninsecure = true/g)].map((match) => match[1]);
    expect(locations).toEqual(['127.0.0.1', 'localhost', '10.231.77.1', 'registry.test:5000']);
  });

  test('the default network has the usual name and a bridge of its own', () => {
    expect(JSON.parse(networkFile())).toMatchObject({ name: 'podman', network_interface: 'sluice0' });
  });
});

describe('Docker', () => {
  let server: Server;
  let folder: string;
  let answer: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-docker-'));
    server = createServer((_request, response) => response.end(answer));
    await new Promise<void>((ready) => server.listen(join(folder, 'docker.sock'), ready));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  test('is known by its version call', async () => {
    answer = '{"Version":"29.0.1"}';
    expect(await dockerVersion(join(folder, 'docker.sock'))).toBe('29.0.1');
  });

  test('is not there when nobody listens or something else answers', async () => {
    expect(await dockerVersion(join(folder, 'none.sock'))).toBeUndefined();
    answer = '<html>';
    expect(await dockerVersion(join(folder, 'docker.sock'))).toBeUndefined();
  });

  test("the user's DOCKER_HOST is the only place when it is set", () => {
    expect(dockerSockets({ DOCKER_HOST: 'unix:///a.sock' })).toEqual(['/a.sock']);
    expect(dockerSockets({ DOCKER_HOST: 'tcp://host:2375' })).toEqual([]);
    expect(dockerSockets({ HOME: '/home/x' })).toEqual([
      '/var/run/docker.sock',
      '/home/x/.docker/run/docker.sock',
      '/home/x/.colima/default/docker.sock',
      '/home/x/.orbstack/run/docker.sock',
    ]);
  });
});

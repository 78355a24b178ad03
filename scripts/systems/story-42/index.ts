import { existsSync } from 'node:fs';
import { serviceOf, settingsOf, type SystemOperations } from '../operations';
import { resetAdmin, signIn } from './admin';
import { inspect } from './inspect';
import { privateValues } from './private-values';
import { publish } from './publish';
import { seed } from './seed';
import { smoke } from './smoke';

const FUNCTIONS = ['story-text-regen', 'story-image-regen', 'data-ops'] as const;

export const story42Operations: SystemOperations = {
  endpoints: ['cloudfront_domain_name', 'api_endpoint', 'ecs_service_endpoint'],
  seed,
  resetPassword: resetAdmin,
  signIn,
  smoke,
  publish,
  tryIt: ({ api_endpoint: api }, session) => {
    const target = session.target === 'aws' ? ' --target aws' : '';
    const token = `TOKEN=$(./sluice sign-in story-42 ${session.environment}${target})`;
    const { adminEmail } = settingsOf(session, 'story-42');
    return [
      ...(session.target === 'local'
        ? [`sign in on the page as ${adminEmail}; the password is in ${privateValues(session).keptFile}`]
        : [`sign in on the page as ${adminEmail} with the temporary password`]),
      `${token}; curl -H "Authorization: $TOKEN" ${String(api)}/sessions`,
      `curl -H "Authorization: $TOKEN" -H 'content-type: application/json' -d '{"theme":"lighthouses"}' ${String(api)}/generate-topics-ideas`,
    ];
  },
  services: (outputs) => serviceOf(outputs, 'ecs_cluster_name', 'ecs_service_name'),
  functions: (project, environment) =>
    Object.fromEntries(FUNCTIONS.map((name) => [name, `${project}-${name}-${environment}`])),
  logGroups: (project, environment) => ({
    ...Object.fromEntries(FUNCTIONS.map((name) => [name, `/aws/lambda/${project}-${name}-${environment}`])),
    'story-generator': `/ecs/${project}-${environment}`,
    api: `/aws/apigateway/${project}-api-${environment}`,
  }),
  // Passwords that a rehearsal drew; on AWS nothing is written down. The pool takes its users with it.
  leftovers: async ({ session }) => {
    const { keptFile } = privateValues(session);
    return session.target === 'local' && existsSync(keptFile) ? [keptFile] : [];
  },
  removeLeftovers: async ({ session }) => privateValues(session).forget(),
  inspect,
};

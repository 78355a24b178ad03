/** The administrator and the keys of the two services outside AWS. A second run finds it all and changes nothing. */
import { settingsOf, type OperationContext, type SeedItem } from '../operations';
import { hasSecretValue, putSecretValue } from '../secret-value';
import { seedAdmin } from './admin';
import { privateValues } from './private-values';

const KEYS = [
  { variable: 'STORY42_GOOGLE_API_KEY', secret: 'google-api-key', without: 'no images can be drawn' },
  { variable: 'STORY42_TTS_API_KEY', secret: 'tts-api-key', without: 'nothing can be read aloud' },
] as const;

export async function seed(context: OperationContext): Promise<SeedItem[]> {
  const { session, clients } = context;
  const { project } = settingsOf(session, 'story-42');
  const values = privateValues(session);
  // Read before anything is written: a placeholder in one of them stops the whole seed.
  const keys = KEYS.map((key) => ({ ...key, value: values.get(key.variable) }));
  const items = await seedAdmin(context);
  for (const { variable, secret, without, value } of keys) {
    const name = `${project}/${session.environment}/${secret}`;
    if (value !== undefined) {
      items.push(await putSecretValue(clients, { name, value, replace: true, madeBy: 'stack' }));
    } else if (!(await hasSecretValue(clients, name))) {
      session.reporter.warn(
        `${name} is empty, so ${without}: set ${variable} (shell or ${values.fileName}) and seed again.`,
      );
      items.push({ what: `secret ${name}`, result: 'kept', note: `empty: ${variable} is not set` });
    } else {
      items.push({ what: `secret ${name}`, result: 'kept' });
    }
  }
  return items;
}

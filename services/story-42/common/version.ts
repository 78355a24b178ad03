/** What an answer says of the code that gave it. */

/** Put in by the bundler. */
declare const __VERSION__: string | undefined;

export const versionOf = (release: string | undefined): string => {
  const version = typeof __VERSION__ === 'string' ? __VERSION__ : 'dev';
  return release === undefined ? version : `${version}.${release}`;
};

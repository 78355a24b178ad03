/**
 * Which account holds which environment. The local cloud's accounts are fixed; those on AWS are yours: enter them here
 * before the first command with `--target aws`. One account an environment keeps what happens in dev away from prod.
 */
export const accounts: Readonly<
  Record<'local' | 'aws', Readonly<Record<'dev' | 'staging' | 'prod', string | undefined>>>
> = {
  local: {
    dev: '111111111111',
    staging: '222222222222',
    prod: '333333333333',
  },
  aws: {
    dev: undefined,
    staging: undefined,
    prod: undefined,
  },
};

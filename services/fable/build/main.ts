/** Entry of the command `aws` in the base image of rehearsals; see copy.ts. */
import { createBucketClient } from '../common/clients';
import { copy } from './copy';

const print = (line: string) => void process.stderr.write(`${line}\n`);

void copy({ client: createBucketClient(), print }, process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});

/** Health checks that run inside a container, by the Node.js runtime itself: our images have neither shell nor curl. */

/** Asks `/health` on the port that the container listens on, at most for 4 s; only 200 is healthy. */
export const nodeHealthCheck = [
  'node',
  '-e',
  "require('node:http').get('http://localhost:'+(process.env.PORT||8080)+'/health',{timeout:4000}," +
    "r=>process.exit(r.statusCode===200?0:1)).on('timeout',()=>process.exit(1)).on('error',()=>process.exit(1))",
] as const;

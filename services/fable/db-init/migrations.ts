/** The database's schema, step by step. What has been released is never edited: changes are new steps. */
import type { Migration } from './migrate';

const external = `
  id UUID PRIMARY KEY,
  external_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()`;

export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'extension-and-enums',
    statements: [
      'CREATE EXTENSION IF NOT EXISTS vector',
      `CREATE TYPE memory_type AS ENUM ('fact', 'preference', 'decision', 'pattern', 'artifact')`,
      `CREATE TYPE memory_scope AS ENUM ('user', 'org', 'global')`,
    ],
  },
  {
    version: 2,
    name: 'orgs-and-users',
    statements: [
      `CREATE TABLE orgs (${external})`,
      `CREATE TABLE users (${external}, org_id UUID REFERENCES orgs (id), email TEXT)`,
      'CREATE INDEX users_org_id ON users (org_id)',
    ],
  },
  {
    version: 3,
    name: 'memories',
    statements: [
      `CREATE TABLE memories (
        id UUID PRIMARY KEY,
        type memory_type NOT NULL,
        content TEXT NOT NULL,
        embedding vector(1536),
        user_id UUID,
        org_id UUID,
        scope memory_scope NOT NULL,
        importance DECIMAL(3,2) CHECK (importance BETWEEN 0 AND 1),
        created_at TIMESTAMPTZ NOT NULL DEFAULT now()
      )`,
      'CREATE INDEX memories_org_id_user_id ON memories (org_id, user_id)',
      'CREATE INDEX memories_embedding ON memories USING hnsw (embedding vector_cosine_ops)',
    ],
  },
  {
    version: 4,
    name: 'memory-relations',
    statements: [
      // The key makes relations unique per pair and type.
      `CREATE TABLE memory_relations (
        from_memory_id UUID NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
        to_memory_id UUID NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
        relation_type VARCHAR(50) NOT NULL,
        PRIMARY KEY (from_memory_id, to_memory_id, relation_type)
      )`,
      'CREATE INDEX memory_relations_to_memory_id ON memory_relations (to_memory_id)',
    ],
  },
];

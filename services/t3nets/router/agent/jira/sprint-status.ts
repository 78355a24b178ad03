/** Skill jira.sprint_status: the active sprint of the tenant's board in figures. */
import { z } from 'zod';
import type { SkillCall } from '../skills';
import type { Json, JsonObject } from '../../../../common/bedrock/types';
import type { SecretValues } from '../types';
import { IntegrationError } from '../errors';
import { JiraClient, type JiraIssue, type JiraSprint } from './client';

/** Story points of Jira Cloud's own projects; used when neither the secret nor the board names a field. */
const DEFAULT_POINTS_FIELD = 'customfield_10016';
const BLOCKED_SHOWN = 20;

const placeholder = /placeholder|changeme|change-me|replace[-_ ]?me|your[-_ ]|^todo$|^<.*>$/i;
const filled = z
  .string()
  .trim()
  .min(1)
  .refine((value) => !placeholder.test(value), 'is a placeholder');

const jiraSecret = z.object({
  base_url: filled.refine(isWebAddress, 'is not an http(s) address without credentials'),
  email: filled,
  api_token: filled,
  board_id: z.union([z.number().int().positive().transform(String), filled.refine((text) => /^\d+$/.test(text))]),
  story_points_field: z
    .string()
    .regex(/^[A-Za-z0-9_]+$/)
    .optional(),
});

function isWebAddress(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return (protocol === 'https:' || protocol === 'http:') && username + password + search + hash === '';
}

/** Whether a tenant's values can reach a Jira at all; `"placeholder": true` marks what a seed put there for later. */
export function jiraConfigured(secret: SecretValues): boolean {
  return secret.placeholder !== true && jiraSecret.safeParse(secret).success;
}

export async function sprintStatus({ secret, signal }: SkillCall): Promise<Json> {
  const parsed = jiraSecret.safeParse(secret);
  if (!parsed.success) throw new IntegrationError('Jira is not set up');
  const { base_url: baseUrl, email, api_token: apiToken, board_id: boardId, story_points_field: named } = parsed.data;
  const client = new JiraClient({ baseUrl, email, apiToken }, { signal });
  const [sprints, ownField] = await Promise.all([
    client.activeSprints(boardId),
    named ?? client.estimationField(boardId),
  ]);
  const sprint = chooseSprint(sprints, boardId);
  if (!sprint) return { active_sprint: null, message: `Board ${boardId} has no active sprint.` };
  const pointsField = ownField ?? DEFAULT_POINTS_FIELD;
  const fields = ['summary', 'status', 'flagged', 'labels', 'issuetype', 'issuelinks', pointsField];
  const issues = await client.sprintIssues(sprint.id, fields);
  const others = sprints.filter((other) => other !== sprint).map(({ name }) => name);
  return {
    active_sprint: {
      name: sprint.name,
      start_date: sprint.startDate ?? null,
      end_date: sprint.endDate ?? null,
      ...(sprint.goal && { goal: sprint.goal }),
    },
    ...summarise(issues, pointsField),
    ...(others.length > 0 && { other_active_sprints: others }),
  };
}

/** A board can show sprints that began on other boards: its own come first. */
export function chooseSprint(sprints: readonly JiraSprint[], boardId: string): JiraSprint | undefined {
  return sprints.find(({ originBoardId }) => String(originBoardId) === boardId) ?? sprints[0];
}

type Column = 'to_do' | 'in_progress' | 'done';

/** Counts and points for each column. Sub-tasks are left out, as in Jira's own sprint report: their parents count. */
export function summarise(issues: readonly JiraIssue[], pointsField: string): JsonObject {
  const columns = { to_do: empty(), in_progress: empty(), done: empty() };
  const total = empty();
  const blocked: { key: string; summary: string; status: string }[] = [];
  for (const issue of issues) {
    const fields = issueFields.parse(issue.fields);
    if (fields.issuetype?.subtask) continue;
    const column = columnOf(fields);
    const points = pointsOf(issue.fields[pointsField]);
    for (const part of [columns[column], total]) {
      part.issues += 1;
      part.points = round(part.points + points);
    }
    if (column !== 'done' && isBlocked(fields)) {
      blocked.push({ key: issue.key, summary: fields.summary, status: fields.status?.name ?? 'unknown' });
    }
  }
  return { ...columns, total, blocked: { issues: blocked.length, list: blocked.slice(0, BLOCKED_SHOWN) } };
}

const empty = () => ({ issues: 0, points: 0 });
const round = (value: number) => Math.round(value * 100) / 100;

const status = z.object({
  name: z.string().catch('unknown'),
  statusCategory: z.object({ key: z.string() }).optional().catch(undefined),
});

/** Lenient: one odd field of one issue must not hide the sprint. */
const issueFields = z.object({
  summary: z.string().catch(''),
  status: status.optional().catch(undefined),
  flagged: z.boolean().catch(false),
  labels: z.array(z.string()).catch([]),
  issuetype: z.object({ subtask: z.boolean() }).optional().catch(undefined),
  issuelinks: z
    .array(
      z.object({
        type: z.object({ inward: z.string().optional() }).optional(),
        inwardIssue: z.object({ fields: z.object({ status: status.optional() }).optional() }).optional(),
      }),
    )
    .catch([]),
});
type IssueFields = z.output<typeof issueFields>;

const columnOf = ({ status: current }: IssueFields): Column => {
  const key = current?.statusCategory?.key;
  return key === 'done' ? 'done' : key === 'indeterminate' ? 'in_progress' : 'to_do';
};

const pointsOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

/** Flagged, in a state or with a label that says so, or waiting for an issue that is not done. */
const isBlocked = (fields: IssueFields): boolean =>
  fields.flagged ||
  /block|impediment/i.test(fields.status?.name ?? '') ||
  fields.labels.some((label) => /^(blocked|impediment)$/i.test(label)) ||
  fields.issuelinks.some(
    ({ type, inwardIssue }) =>
      /blocked by/i.test(type?.inward ?? '') &&
      inwardIssue !== undefined &&
      inwardIssue.fields?.status?.statusCategory?.key !== 'done',
  );

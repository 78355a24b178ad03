/** The high-level design of Story-42: what stands where, and what calls what. Numbers that the environment decides come from it. */
import { story42Values } from '../../environments/story-42';
import type { Box, Picture } from './picture';

const { project, region, cidrBlock, imageExpiryDays } = story42Values.dev;
const notice = '© 2025 Tech42 Consulting. All rights reserved.';

/** Columns, from the caller on the left to the outside on the right. */
const people = { x: 30, width: 180 };
const edge = { x: 272, width: 212 };
const entry = { x: 626, width: 224 };
const compute = { x: 940, width: 264 };
const stores = { x: 1320, width: 232 };
const outside = { x: 1662, width: 232 };

const row = (column: { readonly x: number; readonly width: number }, y: number, height: number): Box => ({
  ...column,
  y,
  height,
});

const steps = [
  { title: 'Phase 1', text: 'page, identity, network, data, repositories', tone: 'phase1' },
  { title: 'Images', text: 'four, built for linux/amd64 and pushed', tone: 'neutral' },
  { title: 'The gate', text: 'opens when every digest is in its registry', tone: 'neutral' },
  { title: 'Phase 2', text: 'functions, REST API, agent, load balancer', tone: 'phase2' },
  { title: 'Seed, publish', text: 'first user, keys, the page’s files', tone: 'neutral' },
] as const;
const stepWidth = 340;

export const story42Picture: Picture = {
  width: 1924,
  height: 1262,
  title: 'Story-42 on AWS',
  subtitle: `High-level design. Reference instance: ${project}, environment dev, ${region}`,
  description:
    'Authors reach a page through CloudFront, sign in with Cognito and call a REST API on three container functions, or an agent ' +
    'on Fargate behind a load balancer. Text comes from Bedrock, images from Google, speech from Tech42-TTS-API; sessions are in ' +
    'DynamoDB, stories, images and audio in S3. Phase 1 holds what needs no image, phase 2 what runs images and routes to them.',
  notice,
  frames: {
    aws: { x: 240, y: 112, width: 1370, height: 980, label: 'AWS account', tone: 'plain' },
    edge: { x: 256, y: 156, width: 244, height: 410, label: 'Edge, global', tone: 'faint' },
    region: { x: 540, y: 156, width: 1052, height: 918, label: `Region ${region}`, tone: 'faint' },
    vpc: {
      x: 604,
      y: 345,
      width: 620,
      height: 230,
      label: `VPC ${cidrBlock}: public subnets in two zones, no NAT`,
      tone: 'phase1',
    },
    functions: { x: 922, y: 716, width: 302, height: 344, label: 'Lambda, functions as images', tone: 'phase2' },
    data: { x: 1302, y: 500, width: 268, height: 316, label: 'Data', tone: 'phase1' },
    outside: { x: 1644, y: 112, width: 268, height: 980, label: 'Outside services', tone: 'outside' },
  },
  cards: {
    author: {
      ...row(people, 585, 140),
      title: 'Author',
      icon: 'person',
      tone: 'plain',
      lines: ['In a browser: writes,', 'illustrates, listens, chats;', 'or calls the JSON API', 'with an ID token'],
    },
    operator: {
      ...row(people, 952, 104),
      title: 'Operator',
      icon: 'terminal',
      tone: 'plain',
      lines: ['./sluice, by hand', 'or in a pipeline'],
    },
    dns: {
      ...row(edge, 200, 84),
      title: 'Route 53',
      icon: 'signpost',
      tone: 'phase1',
      lines: ['Alias records'],
      optional: true,
    },
    cloudfront: {
      ...row(edge, 324, 102),
      title: 'CloudFront',
      icon: 'globe',
      tone: 'phase1',
      lines: ['HTTPS, security headers', 'Agent’s origin in phase 2'],
    },
    certificate: {
      ...row(edge, 464, 84),
      title: 'ACM',
      icon: 'certificate',
      tone: 'phase1',
      lines: ['Certificate, us-east-1'],
      optional: true,
    },
    site: {
      ...row(entry, 200, 102),
      title: 'S3: static',
      icon: 'bucket',
      tone: 'phase1',
      lines: ['Page, config.json; read by', 'CloudFront alone (OAC)'],
    },
    alb: {
      ...row(entry, 390, 102),
      title: 'Load balancer',
      icon: 'balancer',
      tone: 'phase2',
      lines: ['Public ALB, streams', 'Health check /health'],
    },
    cognito: {
      ...row(entry, 604, 102),
      title: 'Cognito',
      icon: 'identity',
      tone: 'phase1',
      lines: ['User pool, ID tokens', 'Groups admin and author'],
    },
    api: {
      ...row(entry, 774, 121),
      title: 'REST API',
      icon: 'gateway',
      tone: 'phase2',
      lines: ['6 routes to write and draw', '4 routes for sessions', 'Cognito authorizer on all'],
    },
    ecr: {
      ...row(entry, 952, 102),
      title: 'ECR',
      icon: 'layers',
      tone: 'phase1',
      lines: ['Four repositories, one for', 'each service'],
    },
    agent: {
      ...row(compute, 390, 159),
      title: 'story-42-agent',
      icon: 'agent',
      tone: 'phase2',
      lines: [
        'ECS Fargate, 0.5 vCPU, 1 GB',
        'Bedrock Converse loop, 8 rounds',
        'Tools: story API, functions,',
        'search, sessions, files, speech',
        'Checks the ID token itself',
      ],
    },
    secrets: {
      x: compute.x,
      y: 604,
      width: 214,
      height: 74,
      title: 'Secrets Manager',
      icon: 'key',
      tone: 'phase1',
      lines: ['Google key, speech key'],
    },
    text: {
      ...row(compute, 758, 90),
      title: 'story-text-regen',
      icon: 'text',
      tone: 'phase2',
      lines: ['Topics, outline, story, segment', '2 GB, up to 15 minutes'],
    },
    image: {
      ...row(compute, 858, 90),
      title: 'story-image-regen',
      icon: 'image',
      tone: 'phase2',
      lines: ['An image for each segment', '2 GB, up to 15 minutes'],
    },
    dataOps: {
      ...row(compute, 958, 90),
      title: 'data-ops',
      icon: 'list',
      tone: 'phase2',
      lines: ['Lists, reads, saves, deletes', '512 MB, up to 30 seconds'],
    },
    bedrock: {
      ...row(stores, 374, 102),
      title: 'Amazon Bedrock',
      icon: 'model',
      tone: 'plain',
      lines: ['All text: Converse,', 'streamed to the chat'],
    },
    table: {
      ...row(stores, 540, 121),
      title: 'DynamoDB',
      icon: 'table',
      tone: 'phase1',
      lines: ['One item per session', 'Index by owner, expiry', 'On demand'],
    },
    objects: {
      ...row(stores, 679, 121),
      title: 'S3: story files',
      icon: 'bucket',
      tone: 'phase1',
      lines: ['Stories, images, audio', `Images for ${imageExpiryDays} days`, 'Presigned URLs, one hour'],
    },
    logs: {
      ...row(stores, 946, 102),
      title: 'CloudWatch Logs',
      icon: 'logs',
      tone: 'phase2',
      lines: ['A JSON line per request:', 'functions, API, agent'],
    },
    duckduckgo: {
      ...row(outside, 176, 84),
      title: 'DuckDuckGo',
      icon: 'search',
      tone: 'outside',
      lines: ['Web search'],
    },
    speech: {
      ...row(outside, 278, 84),
      title: 'Tech42-TTS-API',
      icon: 'voice',
      tone: 'outside',
      lines: ['Reads aloud, MP3'],
    },
    google: {
      ...row(outside, 862, 84),
      title: 'Google image API',
      icon: 'image',
      tone: 'outside',
      lines: ['Draws, PNG'],
    },
  },
  arrows: [
    {
      from: ['author', 'top', 120],
      via: [[120, 375]],
      to: ['cloudfront', 'left', 375],
      kind: 'request',
      label: { text: 'page, agent', at: [132, 367] },
    },
    {
      from: ['author', 'right', 655],
      to: ['cognito', 'left', 655],
      kind: 'request',
      label: { text: 'sign in, get an ID token', at: [282, 646] },
    },
    {
      from: ['author', 'bottom', 120],
      via: [[120, 834]],
      to: ['api', 'left', 834],
      kind: 'request',
      label: { text: 'story API with the ID token', at: [282, 825] },
    },
    {
      from: ['operator', 'right', 1003],
      to: ['ecr', 'left', 1003],
      kind: 'request',
      label: { text: 'push images, then open the gate', at: [282, 994] },
    },
    { from: ['dns', 'bottom', 378], to: ['cloudfront', 'top', 378], kind: 'trust' },
    { from: ['certificate', 'top', 378], to: ['cloudfront', 'bottom', 378], kind: 'trust' },
    {
      from: ['cloudfront', 'right', 350],
      via: [
        [520, 350],
        [520, 251],
      ],
      to: ['site', 'left', 251],
      kind: 'request',
      label: { text: 'files', at: [562, 242] },
    },
    {
      from: ['cloudfront', 'right', 400],
      via: [
        [520, 400],
        [520, 441],
      ],
      to: ['alb', 'left', 441],
      kind: 'request',
      label: { text: '/agent/*', at: [548, 432] },
    },
    {
      from: ['alb', 'right', 441],
      to: ['agent', 'left', 441],
      kind: 'request',
      label: { text: 'port 8080', at: [864, 432] },
    },
    {
      from: ['cognito', 'top', 738],
      via: [[738, 530]],
      to: ['agent', 'left', 530],
      kind: 'trust',
      label: { text: 'public keys (JWKS)', at: [752, 521] },
    },
    {
      from: ['cognito', 'bottom', 738],
      to: ['api', 'top', 738],
      kind: 'trust',
      label: { text: 'authorizer', at: [750, 745] },
    },
    {
      from: ['agent', 'bottom', 974],
      via: [
        [974, 590],
        [886, 590],
        [886, 802],
      ],
      to: ['api', 'right', 802],
      kind: 'request',
      label: { text: 'calls', at: [878, 740], anchor: 'end' },
    },
    { from: ['api', 'right', 856], to: ['functions', 'left', 856], kind: 'request' },
    {
      from: ['ecr', 'right', 1003],
      to: ['functions', 'left', 1003],
      kind: 'trust',
      label: { text: 'digest', at: [862, 994] },
    },
    {
      from: ['secrets', 'top', 1047],
      to: ['agent', 'bottom', 1047],
      kind: 'trust',
      label: { text: 'speech key', at: [1057, 593] },
    },
    {
      from: ['secrets', 'bottom', 1047],
      to: ['functions', 'top', 1047],
      kind: 'trust',
      label: { text: 'Google key', at: [1057, 701] },
    },
    {
      from: ['agent', 'bottom', 1186],
      to: ['functions', 'top', 1186],
      kind: 'request',
      label: { text: 'invokes', at: [1194, 648] },
    },
    {
      from: ['agent', 'top', 1072],
      via: [[1072, 218]],
      to: ['duckduckgo', 'left', 218],
      kind: 'request',
      label: { text: 'tool: web search', at: [1320, 209] },
    },
    {
      from: ['agent', 'top', 1140],
      via: [[1140, 320]],
      to: ['speech', 'left', 320],
      kind: 'request',
      label: { text: 'speech, with the key', at: [1320, 311] },
    },
    { from: ['agent', 'right', 425], to: ['bedrock', 'left', 425], kind: 'request' },
    { from: ['agent', 'right', 530], to: ['data', 'left', 530], kind: 'request' },
    {
      from: ['text', 'right', 790],
      via: [
        [1250, 790],
        [1250, 455],
      ],
      to: ['bedrock', 'left', 455],
      kind: 'request',
    },
    {
      from: ['functions', 'right', 860],
      via: [
        [1276, 860],
        [1276, 730],
      ],
      to: ['data', 'left', 730],
      kind: 'request',
    },
    {
      from: ['image', 'right', 904],
      to: ['google', 'left', 904],
      kind: 'request',
      label: { text: 'draws, with the key', at: [1320, 895] },
    },
    { from: ['functions', 'right', 1003], to: ['logs', 'left', 1003], kind: 'request' },
  ],
  legend: [
    { at: [860, 50], text: 'Phase 1: needs no image', sample: 'phase1' },
    { at: [860, 84], text: 'Phase 2: runs images, or routes to them', sample: 'phase2' },
    { at: [1220, 50], text: 'Only with a domain name', sample: 'optional' },
    { at: [1220, 84], text: 'Not part of the account', sample: 'outside' },
    { at: [1500, 50], text: 'Request', sample: 'request' },
    { at: [1500, 84], text: 'Name, key, token check or image', sample: 'trust' },
  ],
  steps: steps.map((step, index) => ({
    ...step,
    x: 30 + index * (stepWidth + (1882 - steps.length * stepWidth) / (steps.length - 1)),
    y: 1124,
    width: stepWidth,
    height: 74,
  })),
};

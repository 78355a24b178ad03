/** Line drawings on a field of 24 by 24, drawn for these pictures. */
export const icons = {
  person: '<circle cx="12" cy="7.5" r="4"/><path d="M4 21c0-4.8 3.5-7.5 8-7.500s8 2.7 8 7.5"/>',
  terminal: '<rect x="2.5" y="4" width="19" height="16" rx="2.5"/><path d="M6.5 9l3.5 3-3.5 3M12.5 15.500h5"/>',
  signpost: '<path d="M12 2.500v19M12 5h7.500l2 2.5-2 2.500H12M12 11.500H4.500l-2 2.5 2 2.500H12"/>',
  globe:
    '<circle cx="12" cy="12" r="9.3"/><path d="M2.7 12h18.600M12 2.700c3 2.8 4.3 5.9 4.3 9.300s-1.3 6.5-4.3 9.300c-3-2.8-4.3-5.9-4.3-9.300S9 5.5 12 2.700z"/>',
  certificate:
    '<rect x="2.5" y="3.5" width="19" height="13" rx="2"/><path d="M6 7.500h7M6 11h4.5"/><circle cx="16" cy="13" r="3.2"/><path d="M14.2 15.800V21.500l1.8-1.5 1.8 1.500V15.8"/>',
  bucket:
    '<ellipse cx="12" cy="5.5" rx="8.5" ry="2.8"/><path d="M3.5 5.500L6 19.700c.3 1.1 2.8 1.8 6 1.800s5.7-.7 6-1.800L20.5 5.5"/>',
  balancer:
    '<circle cx="4.8" cy="12" r="2.5"/><circle cx="19" cy="4.8" r="2.5"/><circle cx="19" cy="12" r="2.5"/><circle cx="19" cy="19.2" r="2.5"/><path d="M7.3 12h9.200M7 10.800l9.7-5M7 13.200l9.7 5"/>',
  agent:
    '<rect x="3.5" y="8" width="17" height="12" rx="3.5"/><path d="M12 8V4M9 17h6"/><circle cx="12" cy="3" r="1.2"/><path d="M8.5 12v1M15.5 12v1M1.5 12.500v3M22.5 12.500v3"/>',
  identity:
    '<path d="M12 2.500l8 3v6c0 5-3.3 8.5-8 10-4.7-1.5-8-5-8-10v-6z"/><circle cx="12" cy="9.7" r="2.3"/><path d="M8 16.300c.6-2.2 2.1-3.3 4-3.300s3.4 1.1 4 3.3"/>',
  gateway: '<path d="M8.5 5L2.5 12l6 7M15.5 5l6 7-6 7M13.5 4l-3 16"/>',
  text: '<path d="M5 2.500h9.500L19.5 7.500v14h-14.500zM14 2.500v5.500h5.500M8.5 12.500h7.500M8.5 16.500h7.5"/>',
  image:
    '<rect x="2.5" y="4" width="19" height="16" rx="2.5"/><circle cx="8.2" cy="9.3" r="1.9"/><path d="M3 18l5.8-5 3.7 3.2 4.2-4.5 4.5 4.6"/>',
  list: '<rect x="3" y="3.5" width="18" height="17" rx="2.5"/><path d="M7 8.500h.01M7 12h.01M7 15.500h.01M10.5 8.500h6.500M10.5 12h6.500M10.5 15.500h6.5"/>',
  model:
    '<path d="M10.5 3c1 5.3 2.7 7 8 8-5.3 1-7 2.7-8 8-1-5.3-2.7-7-8-8 5.3-1 7-2.7 8-8zM19 15.500c.4 2 1 2.6 3 3-2 .4-2.6 1-3 3-.4-2-1-2.6-3-3 2-.4 2.6-1 3-3z"/>',
  table:
    '<ellipse cx="12" cy="5.3" rx="8.5" ry="2.8"/><path d="M3.5 5.300v13.400c0 1.5 3.8 2.8 8.5 2.800s8.5-1.3 8.5-2.800V5.300M3.5 12c0 1.5 3.8 2.8 8.5 2.800s8.5-1.3 8.5-2.8"/>',
  key: '<circle cx="7.5" cy="16" r="4.7"/><path d="M11 12.700L20.5 3.500M16 8l3.5 3.500M19 5l2 2"/>',
  layers: '<path d="M12 2.500l9.5 5-9.5 5-9.5-5zM2.5 12l9.5 5 9.5-5M2.5 16.500l9.5 5 9.5-5"/>',
  logs: '<path d="M3 5h18M3 9.700h12M3 14.300h16M3 19h8"/>',
  search: '<circle cx="10.5" cy="10.5" r="7"/><path d="M15.8 15.800L21.5 21.5"/>',
  voice: '<path d="M3 9.500v5h4l5.5 4.500V5L7 9.500zM16 8.500c1.8 2.2 1.8 4.8 0 7M18.8 5.500c3.6 4 3.6 9 0 13"/>',
} as const;

export type IconName = keyof typeof icons;

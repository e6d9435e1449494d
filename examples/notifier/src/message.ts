import { type FeedUpdate } from 'flagwire';

/** New change sets of one environment, dense and in order; `replica` already shows them. */
export type Changed = Extract<FeedUpdate, { kind: 'changed' }>;
type ChangeSet = Changed['sets'][number];

/** The body of an incoming webhook, as Slack, Mattermost and Rocket.Chat take it. */
export interface WebhookMessage {
  text: string;
}

type FlagEvent = ChangeSet['events'][number];

/** How many events of a change set are named; of an import of thousands the rest is counted. */
const NAMED = 10;

/** One message for one change set. */
export function messageOf({ environment }: Changed['replica'], { events, after }: ChangeSet): WebhookMessage {
  const lines = events.slice(0, NAMED).map((event) => `• ${sentenceOf(event)}`);
  if (events.length > NAMED) lines.push(`• and ${events.length - NAMED} more`);
  return { text: [`*${environment.projectKey}/${environment.key}* is at revision ${after.revision}`, ...lines].join('\n') };
}

function sentenceOf(event: FlagEvent): string {
  switch (event.type) {
    case 'FlagCreated':
      return `\`${event.data.id}\` was created (${event.data.status})`;
    case 'FlagUpdated':
      return `\`${event.data.id}\` was changed (version ${event.data.metadata.version})`;
    case 'FlagStatusChanged':
      return `\`${event.data.flag_id}\` went from ${event.data.old_status} to ${event.data.new_status}`;
    case 'FlagDeleted':
      return `\`${event.data.flag_id}\` was archived`;
  }
}

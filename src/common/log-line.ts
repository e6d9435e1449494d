import { redactField } from './redact.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

type Fields = Record<string, unknown>;

/**
 * A line of JSON as it is written out: without secrets, whoever put them in and however deep. Values are looked at one by
 * one, as they were before JSON escaped them.
 */
export function renderLine(line: string, format: LogFormat): string {
  const hide = (name: string, value: unknown): unknown => (typeof value === 'string' ? redactField(name, value) : value);
  const fields = JSON.parse(line, hide) as Fields;
  return format === 'json' ? `${JSON.stringify(fields)}\n` : textLine(fields);
}

/** For people: time, level, where, what; then the fields. Of an error its stack. */
function textLine({ time, level, context, msg, stack, ...fields }: Fields): string {
  const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${plain(value)}`);
  return `${plain(time)} ${plain(level).toUpperCase().padEnd(5)} [${plain(context)}] ${plain(stack ?? msg ?? '')}${rest.join('')}\n`;
}

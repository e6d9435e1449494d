import { type DataSource } from 'typeorm';
import { type Config } from '../config/config.js';

/** What PostgreSQL gives up after, by the names of its settings, in milliseconds. */
export function timeLimits({ statementTimeoutMs: ms }: Config): Record<string, number> {
  return { statement_timeout: ms, lock_timeout: ms, idle_in_transaction_session_timeout: ms };
}

/** SQL that sets the limits until the transaction that it is part of ends. */
export function limitsOfTransaction(config: Config): string {
  return Object.entries(timeLimits(config))
    .map(([name, ms]) => `SET LOCAL ${name} = ${ms}`)
    .join('; ');
}

/**
 * Connects with the limits as start-up parameters, which cost nothing afterwards; without them where a pooler refuses parameters
 * that it does not know.
 */
export async function connect(source: DataSource, config: Config): Promise<void> {
  try {
    await source.initialize();
  } catch (error) {
    if (!/unsupported startup parameter/i.test((error as Error).message)) throw error;
    const extra = Object.entries(source.options.extra as object).filter(([name]) => !(name in timeLimits(config)));
    source.setOptions({ extra: Object.fromEntries(extra) });
    await source.initialize();
  }
}

/** Whether the limits hold for the sessions of the pool. A pooler may have refused them, or have taken no notice of them. */
export async function sessionsKeepLimits(source: DataSource, config: Config): Promise<boolean> {
  const limits = Object.entries(timeLimits(config));
  const rows: { name: string; setting: string }[] = await source.query(
    'SELECT name, setting FROM pg_settings WHERE name = ANY ($1)',
    [limits.map(([name]) => name)],
  );
  const found = new Map(rows.map(({ name, setting }) => [name, Number(setting)]));
  return limits.every(([name, ms]) => found.get(name) === ms);
}

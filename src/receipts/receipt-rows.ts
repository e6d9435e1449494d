import { Injectable } from '@nestjs/common';
import { In, LessThan } from 'typeorm';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Ledger } from './ledger.js';
import { type Board, type NodeCount } from './merge.js';
import { type NodeBody, Receipt } from './receipt.entity.js';
import { type Count, type Stray } from './row.js';

/** A row that is older tells nothing of now: its node is missing. */
const FRESH_MS = 5000;
/** A node that has been missing for this long is forgotten. */
const FORGOTTEN_MS = 600_000;
/** The row of the node itself. */
const NODE = '';

interface Aged extends Receipt {
  ageMs: number;
}

/** The rows that nodes write for each other. A node on SQLite is alone: it writes none. */
@Injectable()
export class ReceiptRows {
  private readonly name: string;

  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    config: Config,
  ) {
    this.name = config.nodeName;
  }

  private get isAlone(): boolean {
    return this.database.dialect === 'sqlite';
  }

  /** What nodes know of an environment's clients; of this node, what it knows now. @throws DatabaseUnavailable */
  async board(environmentId: string): Promise<Board> {
    const { rows, now } = await this.rows([NODE, environmentId]);
    const { nodeId, name } = { nodeId: this.ledger.nodeId, name: this.name };
    const own: NodeCount = { id: nodeId, name, ageMs: 0, count: this.ledger.count(environmentId) };
    const others = rows.filter(({ node, environmentId: of }) => node !== nodeId && of === NODE).map((row) => ofNode(row, rows));
    return {
      fresh: [own, ...others.filter(({ ageMs }) => ageMs < FRESH_MS)],
      missing: others.filter(({ ageMs }) => ageMs >= FRESH_MS),
      now,
    };
  }

  /** Acknowledgements that came to other nodes. */
  async strays(): Promise<{ strays: Stray[]; ageMs: number }[]> {
    const { rows } = await this.rows([NODE]);
    return rows
      .filter(({ node, ageMs }) => node !== this.ledger.nodeId && ageMs < FRESH_MS)
      .map(({ body, ageMs }) => ({ strays: (body as NodeBody).strays, ageMs }));
  }

  /** This node's rows, one for each environment with clients, all in one statement. */
  async write(): Promise<void> {
    if (this.isAlone) return;
    const own: NodeBody = { strays: this.ledger.strayed() };
    const rows: [string, Count | NodeBody][] = [[NODE, own], ...this.ledger.counts()];
    const sql = `INSERT INTO receipt (node, environment_id, name, written_at, body)
      SELECT $1, r.environment_id, $2, ${this.database.clockMicros}, r.body FROM unnest($3::text[], $4::text[]) AS r (environment_id, body)
      ON CONFLICT (node, environment_id) DO UPDATE SET written_at = excluded.written_at, body = excluded.body`;
    const [ids, bodies] = [rows.map(([id]) => id), rows.map(([, body]) => JSON.stringify(body))];
    await this.database.write((manager) => manager.query(sql, [this.ledger.nodeId, this.name, ids, bodies]));
  }

  /** Forgets nodes that have been missing for long; and, where it says so, those that this one has come back in the place of. */
  async prune({ predecessors }: { predecessors: boolean }): Promise<void> {
    if (this.isAlone) return;
    await this.database.write(async (manager) => {
      const now = await this.now((sql) => manager.query(sql));
      await manager.delete(Receipt, { writtenAt: LessThan((now - FORGOTTEN_MS) * 1000) });
      if (predecessors) await manager.delete(Receipt, { name: this.name, writtenAt: LessThan((now - FRESH_MS) * 1000) });
    });
  }

  /** The node ends: it is not missing. */
  async remove(): Promise<void> {
    if (!this.isAlone) await this.database.write((manager) => manager.delete(Receipt, { node: this.ledger.nodeId }));
  }

  private rows(environmentIds: string[]): Promise<{ rows: Aged[]; now: number }> {
    return this.database.read(async (manager) => {
      const rows = this.isAlone ? [] : await manager.findBy(Receipt, { environmentId: In(environmentIds) });
      const now = await this.now((sql) => manager.query(sql));
      return { rows: rows.map((row) => ({ ...row, ageMs: Math.max(0, now - row.writtenAt / 1000) })), now };
    });
  }

  /** Unix milliseconds by the database's clock. */
  private async now(query: (sql: string) => Promise<{ now: string | number }[]>): Promise<number> {
    const [row] = await query(`SELECT ${this.database.clockMicros} AS now`);
    return Number(row?.now) / 1000;
  }
}

/** @param row of the node itself. A row of the environment that was not written with it is of clients that have left. */
function ofNode({ node: id, name, ageMs, writtenAt }: Aged, rows: readonly Aged[]): NodeCount {
  const row = rows.find(({ node, environmentId, writtenAt: at }) => {
    return node === id && environmentId !== NODE && Math.abs(at - writtenAt) < FRESH_MS * 1000;
  });
  return { id, name, ageMs, count: (row?.body as Count | undefined) ?? null };
}
